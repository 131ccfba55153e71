"""A store whose templates are encrypted at rest, over any database."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from wajah.security.key_encryption_keys import KeyEncryptionKeys, KeysUnfit, NoKeys
from wajah.storage.encrypted_faces import EncryptedFaces
from wajah.storage.encrypted_institution_keys import EncryptedInstitutionKeys
from wajah.storage.institutions import InstitutionKeys
from wajah.storage.key_ring import KeyRing
from wajah.storage.ports import Faces, SealedStore

THREADS: Final = 2

_log = structlog.get_logger(__name__)


class EncryptedStore:
    """`wajah.storage.ports.Store`. With `NoKeys`, faces and institutions' keys are neither read nor written."""

    def __init__(self, sealed: SealedStore, keys: KeyEncryptionKeys) -> None:
        self._sealed = sealed
        self._keyless = isinstance(keys, NoKeys)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="template-cipher")
        self.ring = KeyRing(sealed.data_keys, keys)
        self._faces = EncryptedFaces(sealed.faces, self.ring, self._threads)
        self.faces: Faces = self._faces
        self.clients = sealed.clients
        self.registrations = sealed.registrations
        self.tokens = sealed.tokens
        self.api_keys = sealed.api_keys
        self.institutions = sealed.institutions
        self.institution_keys: InstitutionKeys = EncryptedInstitutionKeys(sealed.institution_keys, self.ring)
        self.galleries = sealed.galleries
        self.transactions = sealed.transactions
        self.models = sealed.models
        self.upstream_calls = sealed.upstream_calls
        self.civilians = sealed.civilians

    def require_keys(self) -> None:
        """For a process that opens templates. Raises KeysUnfit where it has no keys."""
        if self._keyless:
            raise KeysUnfit("encryption keys: set WAJAH_KEYS or WAJAH_KEYS_FILE, the same for every matcher")

    async def start(self) -> None:
        """Encrypts what is not encrypted yet. Raises KeysUnfit where the database needs keys that are not there."""
        await self._sealed.start()
        try:
            await self.ring.start()
            bare = None if self._keyless else self._sealed.bare_faces
            sealed = 0 if bare is None else await self._faces.seal(bare)
        except BaseException:
            await self.stop()
            raise
        if sealed:
            _log.info("templates encrypted that were not", count=sealed)

    async def stop(self) -> None:
        await self._sealed.stop()
        self._threads.shutdown()

    async def ready(self) -> bool:
        return await self._sealed.ready()

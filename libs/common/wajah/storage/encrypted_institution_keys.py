"""Private keys of institutions, encrypted at rest like their client's templates, over the keys of any database.

They are under the client's data key: a rotation of the key-encryption keys covers them, and they end with the client.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from wajah.security.template_encryption import WillNotOpen, key_id_of
from wajah.storage.institutions import InstitutionKey, InstitutionKeys
from wajah.storage.key_ring import KeyRing

_SEPARATOR: Final = "\x1f"  # not printable: no identifier contains it
_PURPOSE: Final = f"{_SEPARATOR}institution key"  # no template's identity begins so

_log = structlog.get_logger(__name__)


class EncryptedInstitutionKeys:
    """`wajah.storage.institutions.InstitutionKeys`, for services. A key that does not open is logged, and missing from the
    list. Both raise StoreUnavailable where the encryption keys can't be used."""

    def __init__(self, keys: InstitutionKeys, ring: KeyRing) -> None:
        self._keys = keys
        self._ring = ring

    async def add(self, key: InstitutionKey, *, others_end_at: datetime) -> None:
        data_key = await self._ring.current(key.client_id)
        sealed = replace(key, private=data_key.seal(key.private, _identity(key)))
        await self._keys.add(sealed, others_end_at=others_end_at)

    async def list(self, customer_id: str) -> list[InstitutionKey]:
        opened = await asyncio.gather(*map(self._opened, await self._keys.list(customer_id)))
        return [key for key in opened if key is not None]

    async def _opened(self, key: InstitutionKey) -> InstitutionKey | None:
        data_key = await self._ring.find(key.client_id, key_id_of(key.private))
        try:
            if data_key is None:
                raise WillNotOpen
            return replace(key, private=data_key.open(key.private, _identity(key)))
        except WillNotOpen:
            _log.error("key of an institution does not open", customer_id=key.customer_id, fingerprint=key.fingerprint)
            return None


def _identity(key: InstitutionKey) -> bytes:
    return _SEPARATOR.join((_PURPOSE, key.client_id, key.customer_id, key.fingerprint)).encode()

"""The data keys of clients, ready to use: kept for a while in memory, and encrypted in the store."""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Final

import structlog

from wajah.security.key_encryption_keys import KeyEncryptionKeys, KeySet, KeysUnfit, NoKeys
from wajah.security.template_encryption import DataKey, WillNotOpen, WrappedKey
from wajah.storage.ports import DataKeys, StoreUnavailable

CACHED: Final = 1024  # clients; some 500 KB
CACHED_FOR_S: Final = 300.0  # how long the key of an erased client may stay in the memory of a process

_log = structlog.get_logger(__name__)


class KeyRing:
    """All but `start` and `rewrap` raise StoreUnavailable where the key-encryption keys can't be used."""

    def __init__(self, data_keys: DataKeys, keys: KeyEncryptionKeys) -> None:
        self._data_keys = data_keys
        self.keys = keys
        self._known: OrderedDict[tuple[str, bytes], tuple[DataKey, float]] = OrderedDict()

    async def start(self) -> None:
        """Raises KeysUnfit where the store needs keys that are not there, or are others of the same name."""
        await asyncio.to_thread(self._check, await self._data_keys.list())

    async def used(self) -> Counter[str]:
        """The key-encryption keys that the store needs, and for how many clients."""
        return Counter(key.kek_id for key in await self._data_keys.list())

    async def current(self, client_id: str) -> DataKey:
        """What seals for a client. It is made for a client that has none.

        The store is asked each time: a client that was erased and added again has another key.
        """
        wrapped = await self._data_keys.get(client_id)
        if wrapped is None:
            keys = await self._read()
            wrapped = await self._data_keys.add(DataKey.new(client_id).wrapped_by(keys.current))
        return await self._unwrapped(wrapped)

    async def find(self, client_id: str, key_id: bytes) -> DataKey | None:
        """The key that sealed something; None where the client has it no longer."""
        known = self._cached(client_id, key_id)
        if known is not None:
            return known
        wrapped = await self._data_keys.get(client_id)
        return None if wrapped is None or wrapped.key_id != key_id else await self._unwrapped(wrapped)

    async def rewrap(self) -> int:
        """Encrypt all data keys under the current key-encryption key; how many had another one. Raises KeysUnfit."""
        count = 0
        while True:
            keys = await asyncio.to_thread(self.keys.read)
            others = [key for key in await self._data_keys.list() if key.kek_id != keys.current.kek_id]
            if not others:
                return count
            for wrapped in others:
                again = _unwrap(wrapped, keys).wrapped_by(keys.current)
                count += await self._data_keys.replace(wrapped, again)

    def _check(self, wrapped: Sequence[WrappedKey]) -> None:
        self.keys.prepare({key.kek_id for key in wrapped})
        if isinstance(self.keys, NoKeys):
            return
        keys = self.keys.read()
        for kek_id in {key.kek_id for key in wrapped}:
            if not any(_opens(key, keys) for key in wrapped if key.kek_id == kek_id):
                raise KeysUnfit(f"encryption keys: {kek_id!r} is not the key of that name that this database was made with")

    async def _unwrapped(self, wrapped: WrappedKey) -> DataKey:
        known = self._cached(wrapped.client_id, wrapped.key_id)
        if known is not None:
            return known
        try:
            key = _unwrap(wrapped, await self._read())
        except KeysUnfit as unfit:
            _log.error("encryption keys can't be used", reason=str(unfit))
            raise StoreUnavailable from None
        self._known[wrapped.client_id, wrapped.key_id] = key, time.monotonic() + CACHED_FOR_S
        while len(self._known) > CACHED:
            self._known.popitem(last=False)
        return key

    def _cached(self, client_id: str, key_id: bytes) -> DataKey | None:
        key, until = self._known.get((client_id, key_id), (None, 0.0))
        if key is None or until > time.monotonic():
            return key
        del self._known[client_id, key_id]
        return None

    async def _read(self) -> KeySet:
        try:
            return await asyncio.to_thread(self.keys.read)
        except KeysUnfit as unfit:
            _log.error("encryption keys can't be used", reason=str(unfit))
            raise StoreUnavailable from None


def _opens(wrapped: WrappedKey, keys: KeySet) -> bool:
    try:
        _unwrap(wrapped, keys)
    except KeysUnfit:
        return False
    return True


def _unwrap(wrapped: WrappedKey, keys: KeySet) -> DataKey:
    """Raises KeysUnfit."""
    kek = keys.by_id.get(wrapped.kek_id)
    if kek is None:
        raise KeysUnfit(f"encryption keys: the data key of client {wrapped.client_id!r} needs {wrapped.kek_id!r}")
    try:
        return kek.unwrap(wrapped)
    except WillNotOpen:
        raise KeysUnfit(
            f"encryption keys: the key {wrapped.kek_id!r} is not the one that encrypted the data key of "
            f"client {wrapped.client_id!r}"
        ) from None

"""Enrolled faces whose templates are encrypted at rest, over the faces of any database: the one place where both meet."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime
from itertools import compress
from typing import Final, ParamSpec, TypeVar

import numpy as np
import structlog

from wajah.contracts.types import GalleryKey
from wajah.security.template_encryption import DataKey, WillNotOpen, identity, key_id_of
from wajah.storage.key_ring import KeyRing
from wajah.storage.ports import (
    BareFaces,
    ExpiredFace,
    Face,
    FaceBatch,
    FaceRecord,
    SealedBatch,
    SealedFace,
    SealedFaces,
    StoreUnavailable,
    Templates,
    UserExists,
)

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=FaceRecord)

DataKeysById = Mapping[bytes, DataKey]

LOGGED: Final = 20  # ids in one line of the log

_RECORD: Final = tuple(each.name for each in fields(FaceRecord))
_log = structlog.get_logger(__name__)


class EncryptedFaces:
    """`wajah.storage.ports.Faces`. Ciphers run on `threads`: to open a batch takes some 10 ms."""

    def __init__(self, faces: SealedFaces, ring: KeyRing, threads: ThreadPoolExecutor) -> None:
        self._faces = faces
        self._ring = ring
        self._threads = threads

    async def enrol(self, face: Face, *, replace: bool) -> bool:
        key = await self._ring.current(face.gallery.client_id)
        bare = face.template.astype("<f4").tobytes()
        sealed = _with(SealedFace, face, template=key.seal(bare, _identity(face)))
        try:
            return await self._faces.enrol(sealed, replace=replace)
        except UserExists:
            if await self.enrolled(face.gallery, face.user_id):
                raise
            return await self._faces.enrol(sealed, replace=True)

    async def enrolled(self, gallery: GalleryKey, user_id: str) -> bool:
        now = datetime.now(UTC)
        return any(not face.expired(now) for face in await self.records(gallery, [user_id]))

    async def records(self, gallery: GalleryKey, user_ids: Sequence[str]) -> Sequence[FaceRecord]:
        return await self._faces.get_many(gallery, user_ids)

    async def get(self, gallery: GalleryKey, user_id: str) -> Face | None:
        faces = await self.get_many(gallery, [user_id])
        return faces[0] if faces else None

    async def get_many(self, gallery: GalleryKey, user_ids: Sequence[str]) -> list[Face]:
        now = datetime.now(UTC)
        sealed = [face for face in await self._faces.get_many(gallery, user_ids) if not face.expired(now)]
        keys = await self._keys_of(gallery, [face.template for face in sealed])
        return await self._run(_opened_faces, gallery, sealed, keys) if sealed else []

    async def expired(self, at: datetime, *, limit: int = 500) -> list[ExpiredFace]:
        return await self._faces.expired(at, limit=limit)

    async def list(self, gallery: GalleryKey) -> list[tuple[str, str]]:
        return await self._faces.list(gallery)

    async def delete(self, gallery: GalleryKey, user_id: str, job_id: str, *, enrolled_by: str | None = None) -> None:
        await self._faces.delete(gallery, user_id, job_id, enrolled_by=enrolled_by)

    async def load(self, gallery: GalleryKey, model_id: str) -> AsyncIterator[FaceBatch]:
        async for batch in self._faces.load(gallery, model_id):
            keys = await self._keys_of(gallery, batch.templates)
            opened = await self._run(_opened_batch, gallery, model_id, batch, keys)
            if opened.user_ids:
                yield opened

    async def seal(self, bare_faces: BareFaces) -> int:
        """Encrypt what was enrolled before templates were; how many there were. Several processes may do so at once."""
        count = 0
        while bare := await bare_faces.some():
            owners = {face.gallery.client_id for face in bare}
            keys = {client_id: await self._ring.current(client_id) for client_id in owners}
            sealed = [(face, keys[face.gallery.client_id].seal(face.template, _identity(face))) for face in bare]
            await bare_faces.reseal(sealed)
            count += len(bare)
        return count

    async def _keys_of(self, gallery: GalleryKey, templates: Sequence[bytes]) -> DataKeysById:
        """Those that the client still has."""
        key_ids = {key_id_of(template) for template in templates}
        found = [await self._ring.find(gallery.client_id, key_id) for key_id in sorted(key_ids)]
        return {key.key_id: key for key in found if key is not None}

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **kwargs))
        except RuntimeError:  # stopped
            raise StoreUnavailable from None


def _opened_faces(gallery: GalleryKey, sealed: Sequence[SealedFace], keys: DataKeysById) -> list[Face]:
    templates = [_opened(face.template, _identity(face), keys) for face in sealed]
    _tell_unopened(gallery, [face.user_id for face in sealed], [template is not None for template in templates])
    return [
        _with(Face, face, template=_floats(template))
        for face, template in zip(sealed, templates, strict=True)
        if template is not None
    ]


def _opened_batch(gallery: GalleryKey, model_id: str, batch: SealedBatch, keys: DataKeysById) -> FaceBatch:
    templates = [
        _opened(template, identity(gallery, user_id, model_id), keys)
        for template, user_id in zip(batch.templates, batch.user_ids, strict=True)
    ]
    good = [template is not None for template in templates]
    _tell_unopened(gallery, batch.user_ids, good)
    current = np.array(good, bool) & (batch.retained_until > time.time())
    bare = [template for template in compress(templates, current) if template is not None]
    return FaceBatch(
        user_ids=list(compress(batch.user_ids, current)),
        user_names=list(compress(batch.user_names, current)),
        templates=_floats(b"".join(bare)).reshape(len(bare), -1) if bare else np.empty((0, 0), np.float32),
        masked=batch.masked[current],
        retained_until=batch.retained_until[current],
    )


def _opened(stored: bytes, identity: bytes, keys: DataKeysById) -> bytes | None:
    """None for what does not open. A bare template is not taken either: whoever could write one could pass for anybody."""
    key = keys.get(key_id_of(stored))
    try:
        return None if key is None else key.open(stored, identity)
    except WillNotOpen:
        return None


def _tell_unopened(gallery: GalleryKey, user_ids: Sequence[str], good: Sequence[bool]) -> None:
    bad = [user_id for user_id, opened in zip(user_ids, good, strict=True) if not opened]
    if bad:
        _log.error("templates do not open", gallery=gallery, count=len(bad), user_ids=bad[:LOGGED])


def _identity(face: FaceRecord) -> bytes:
    return identity(face.gallery, face.user_id, face.model_id)


def _with(kind: Callable[..., F], face: FaceRecord, **template: bytes | Templates) -> F:
    """The same face, with its template in another form."""
    return kind(**{name: getattr(face, name) for name in _RECORD}, **template)


def _floats(template: bytes) -> Templates:
    return np.frombuffer(template, "<f4").astype(np.float32, copy=False)

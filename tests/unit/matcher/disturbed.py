"""A store whose loads are counted, held up or broken; everything else is the real one's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from wajah.contracts.types import GalleryKey
from wajah.storage.ports import FaceBatch, Faces, Store, StoreUnavailable


class DisturbedFaces:
    """`let_go` holds loads up while it is cleared; `meanwhile` runs after the first batch; `broken` loads fail."""

    def __init__(self, real: Faces) -> None:
        self._real = real
        self.loads = 0
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.broken = False
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def load(self, gallery: GalleryKey, model_id: str) -> AsyncIterator[FaceBatch]:
        self.loads += 1
        await self.let_go.wait()
        if self.broken:
            raise StoreUnavailable
        async for batch in self._real.load(gallery, model_id):
            yield batch
            if self.meanwhile is not None:
                await self.meanwhile()


class DisturbedStore:
    def __init__(self, real: Store) -> None:
        self._real = real
        self.faces = DisturbedFaces(real.faces)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

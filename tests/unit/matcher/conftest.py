"""A store with one client and one empty gallery, and keepers that share it as matchers do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest
from matcher.gallery import Resources
from matcher.keeper import Keeper
from matcher.threads import search_threads
from wajah.storage.connect import open_store
from wajah.storage.ports import Store

from tests.unit.matcher.faces import GALLERY, MODEL, OTHER_MODEL, client

NewKeeper = Callable[..., Keeper]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'wajah.db'}")
    await store.start()
    await store.clients.add(client())
    await store.models.register(MODEL)
    await store.models.register(OTHER_MODEL)
    await store.galleries.create(GALLERY, "first job")
    yield store
    await store.stop()


@pytest.fixture
def threads() -> Iterator[Executor]:
    with search_threads(2) as threads:
        yield threads


@pytest.fixture
def new_keeper(store: Store, threads: Executor) -> NewKeeper:
    """A keeper as one matcher has it; `on` another view of the store."""

    def new(*, on: Store = store, memory_bytes: int = 1 << 30) -> Keeper:
        return Keeper(Resources(on, threads, asyncio.Semaphore(4), batch=64, wait_ms=1.0), memory_bytes=memory_bytes)

    return new

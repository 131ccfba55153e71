"""The store in a SQLite file against the suite of all stores."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from wajah.storage.connect import open_store
from wajah.storage.ports import Store

from tests.contract.storage_suite import StoreSuite


class TestSqliteStore(StoreSuite):
    @pytest_asyncio.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store = open_store(f"sqlite:///{tmp_path / 'wajah.db'}")
        await store.start()
        yield store
        await store.stop()

    @pytest.fixture
    def every_byte(self, tmp_path: Path) -> Callable[[], Awaitable[bytes]]:
        """Its files as they are on the disk, the log included."""

        def files() -> bytes:
            return b"".join(file.read_bytes() for file in sorted(tmp_path.glob("wajah.db*")))

        async def read() -> bytes:
            return await asyncio.to_thread(files)

        return read

    @pytest.fixture
    def settles_races(self) -> None:
        """One thread writes."""

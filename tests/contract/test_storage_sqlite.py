"""The store in a SQLite file against the suite of all stores."""

from collections.abc import AsyncIterator
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
    def settles_races(self) -> None:
        """One thread writes."""

"""The store in MongoDB against the suite of all stores."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from wajah.storage.mongo import faces
from wajah.storage.mongo.store import MongoStore

from tests.contract.storage_suite import StoreSuite


class TestMongoStore(StoreSuite):
    faces_to_load = 1000  # FerretDB takes some 20 ms for each

    @pytest.fixture(autouse=True)
    def _small_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(faces, "BATCH", 300)

    @pytest_asyncio.fixture
    async def store(self, mongo_url: str) -> AsyncIterator[MongoStore]:
        store = MongoStore(mongo_url)
        await store.start()
        yield store
        await store.stop()

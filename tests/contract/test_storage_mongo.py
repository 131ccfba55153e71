"""The store in MongoDB against the suite of all stores."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient
from wajah.storage.connect import open_store
from wajah.storage.mongo import faces
from wajah.storage.ports import Store

from tests.contract.storage_samples import KEYS
from tests.contract.storage_suite import StoreSuite


class TestMongoStore(StoreSuite):
    faces_to_load = 1000  # FerretDB takes some 20 ms for each

    @pytest.fixture(autouse=True)
    def _small_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(faces, "BATCH", 300)

    @pytest_asyncio.fixture
    async def store(self, mongo_url: str) -> AsyncIterator[Store]:
        store = open_store(mongo_url, KEYS)
        await store.start()
        yield store
        await store.stop()

    @pytest.fixture
    def every_byte(self, mongo_url: str) -> Callable[[], Awaitable[bytes]]:
        async def read() -> bytes:
            """All documents of all collections, as the server sends them."""
            parts: list[bytes] = []
            async with AsyncMongoClient[RawBSONDocument](mongo_url, document_class=RawBSONDocument) as client:
                database = client.get_default_database()
                for name in await database.list_collection_names():
                    parts += [document.raw async for document in database[name].find()]
            return b"".join(parts)

        return read

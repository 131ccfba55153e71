"""The connection to MongoDB: durable writes, bounded waits, and the one place where its errors become ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from wajah.storage.ports import REMEMBERED_S, TIMEOUT_S, StoreUnavailable

Document = dict[str, Any]
Collection = AsyncCollection[Document]

START_WITHIN_S: Final = 60.0  # a replica set elects its first primary in some 20
RETRY_S: Final = 1.0
DEFAULT_NAME: Final = "wajah"

_NOT_IMPLEMENTED: Final = 238
_INTERNAL: Final = 1

_log = structlog.get_logger(__name__)

# Correctness rests on `_id` alone. These make answers fast and forget what is old; a server that lacks a kind works without.
_INDEXES: Final[dict[str, list[IndexModel]]] = {
    "clients": [IndexModel([("tokens", ASCENDING)])],
    "api_keys": [IndexModel([("client_id", ASCENDING)])],
    "institutions": [IndexModel([("client_id", ASCENDING)])],
    "institution_keys": [IndexModel([("customer_id", ASCENDING)]), IndexModel([("client_id", ASCENDING)])],
    "galleries": [
        IndexModel([("client_id", ASCENDING), ("created", ASCENDING)]),
        IndexModel([("erased_at", ASCENDING)], expireAfterSeconds=REMEMBERED_S),
    ],
    "faces": [
        IndexModel([("gallery", ASCENDING), ("number", ASCENDING)]),
        IndexModel([("retained_until", ASCENDING)]),
    ],
    "operations": [IndexModel([("at", ASCENDING)], expireAfterSeconds=REMEMBERED_S)],
    "transactions": [
        IndexModel([("client_id", ASCENDING), ("at", DESCENDING), ("number", DESCENDING)]),
        IndexModel([("at", DESCENDING), ("number", DESCENDING)]),
    ],
    "upstream_calls": [
        IndexModel([("client_id", ASCENDING), ("gallery_id", ASCENDING), ("user_id", ASCENDING)]),
        IndexModel([("begun_at", ASCENDING)]),
    ],
}


class MongoDatabase:
    """The collections, whose writes return when a majority has them in its journal."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: AsyncMongoClient[Document] | None = None
        self._database: AsyncDatabase[Document] | None = None

    async def start(self) -> None:
        """Wait for the server and create missing indexes. Raises StoreUnavailable when it does not come."""
        self._client = AsyncMongoClient(
            self._url,
            tz_aware=True,
            appname="wajah",
            connectTimeoutMS=int(TIMEOUT_S * 1000),
            socketTimeoutMS=int(TIMEOUT_S * 1000),
            serverSelectionTimeoutMS=int(TIMEOUT_S * 1000),
            waitQueueTimeoutMS=int(TIMEOUT_S * 1000),
        )
        self._database = self._client.get_default_database(DEFAULT_NAME).with_options(
            write_concern=WriteConcern("majority", j=True, wtimeout=int(TIMEOUT_S * 1000)),
            read_concern=ReadConcern("majority"),
        )
        try:
            async with asyncio.timeout(START_WITHIN_S):
                while not await self.ready():  # noqa: ASYNC110 - asked over and over
                    await asyncio.sleep(RETRY_S)
        except TimeoutError:
            await self.stop()
            raise StoreUnavailable from None
        for name, indexes in _INDEXES.items():
            for index in indexes:
                await self._create(name, index)

    async def stop(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = self._database = None

    async def ready(self) -> bool:
        try:
            async with self.guarded():
                await self._opened.command("ping")
        except StoreUnavailable:
            return False
        return True

    def __getitem__(self, name: str) -> Collection:
        """Raises StoreUnavailable before the start and after the stop."""
        return self._opened[name]

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[None]:
        """Within the time limit; whatever fails in PyMongo, and is not handled inside, leaves as StoreUnavailable.

        The cause is logged by its kind: its text may quote documents.
        """
        try:
            async with asyncio.timeout(TIMEOUT_S):
                yield
        except (PyMongoError, TimeoutError) as error:
            code = error.code if isinstance(error, OperationFailure) else None
            _log.warning("database failed", error=type(error).__name__, code=code)
            raise StoreUnavailable from error

    @property
    def _opened(self) -> AsyncDatabase[Document]:
        if self._database is None:
            raise StoreUnavailable
        return self._database

    async def _create(self, name: str, index: IndexModel) -> None:
        async with self.guarded():
            try:
                await self[name].create_indexes([index])
            except OperationFailure as error:
                if error.code not in {_NOT_IMPLEMENTED, _INTERNAL}:
                    raise
                _log.info("index not supported by this server", collection=name, index=index.document["name"])

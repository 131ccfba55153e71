"""The first answers of jobs that wrote, so that a repeated job changes nothing."""

from datetime import UTC, datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from wajah.storage.mongo.database import Document, MongoDatabase


class Operations:
    """The server forgets a record after `REMEMBERED_S`. To be called within `MongoDatabase.guarded`."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def find(self, operation: str) -> Document | None:
        return await self._database["operations"].find_one({"_id": operation})

    async def remember(self, operation: str, **answer: Any) -> None:
        """What is remembered already is left as it is."""
        try:
            await self._database["operations"].insert_one({"_id": operation, "at": datetime.now(UTC), **answer})
        except DuplicateKeyError:
            return

    async def forget(self, operation: str) -> None:
        await self._database["operations"].delete_one({"_id": operation})

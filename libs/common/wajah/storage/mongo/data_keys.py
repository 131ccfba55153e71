"""The clients' encrypted data keys, in MongoDB."""

from pymongo.errors import DuplicateKeyError

from wajah.security.template_encryption import WrappedKey
from wajah.storage.mongo.database import Document, MongoDatabase


class MongoDataKeys:
    """`wajah.storage.ports.DataKeys`."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def get(self, client_id: str) -> WrappedKey | None:
        async with self._database.guarded():
            document = await self._database["data_keys"].find_one({"_id": client_id})
        return None if document is None else _key(document)

    async def add(self, key: WrappedKey) -> WrappedKey:
        document = {"_id": key.client_id, "key_id": key.key_id, "kek_id": key.kek_id, "wrapped": key.wrapped}
        async with self._database.guarded():
            try:
                await self._database["data_keys"].insert_one(document)
            except DuplicateKeyError:
                there = await self._database["data_keys"].find_one({"_id": key.client_id})
                return key if there is None else _key(there)
        return key

    async def list(self) -> list[WrappedKey]:
        async with self._database.guarded():
            return [_key(document) async for document in self._database["data_keys"].find(sort=[("_id", 1)])]

    async def replace(self, before: WrappedKey, after: WrappedKey) -> bool:
        async with self._database.guarded():
            replaced = await self._database["data_keys"].update_one(
                {"_id": before.client_id, "wrapped": before.wrapped},
                {"$set": {"kek_id": after.kek_id, "wrapped": after.wrapped}},
            )
        return replaced.matched_count > 0


def _key(document: Document) -> WrappedKey:
    return WrappedKey(document["_id"], document["key_id"], document["kek_id"], document["wrapped"])

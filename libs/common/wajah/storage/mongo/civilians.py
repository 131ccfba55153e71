"""The civil register, in MongoDB: a document a person, whose `_id` is the NIK."""

from datetime import date

from wajah.storage.civilians import Civilian
from wajah.storage.mongo.database import MongoDatabase


class MongoCivilians:
    """`wajah.storage.civilians.Civilians`."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def put(self, civilian: Civilian) -> None:
        document = {"name": civilian.name, "birth_date": civilian.birth_date.isoformat()}
        async with self._database.guarded():
            await self._database["civilians"].replace_one({"_id": civilian.nik}, document, upsert=True)

    async def get(self, nik: str) -> Civilian | None:
        async with self._database.guarded():
            found = await self._database["civilians"].find_one({"_id": nik})
        return None if found is None else Civilian(found["_id"], found["name"], date.fromisoformat(found["birth_date"]))

    async def remove(self, nik: str) -> bool:
        async with self._database.guarded():
            return (await self._database["civilians"].delete_one({"_id": nik})).deleted_count > 0

    async def count(self) -> int:
        async with self._database.guarded():
            return await self._database["civilians"].count_documents({})

"""Which clients deregistered, and their erasure, in MongoDB.

An erasure marks the client first, with its tokens gone and its quotas used up: whoever creates a gallery looks for that mark
afterwards. The client's document goes last.
"""

from datetime import UTC, datetime
from typing import Any, Final

from wajah.storage.mongo.database import MongoDatabase
from wajah.storage.mongo.galleries import MongoGalleries
from wajah.storage.ports import NotRegistered

_NEVER_ASKED: Final = datetime.fromtimestamp(0, UTC)


class MongoRegistrations:
    """`wajah.storage.ports.Registrations`."""

    def __init__(self, database: MongoDatabase, galleries: MongoGalleries) -> None:
        self._database = database
        self._galleries = galleries

    async def register(self, client_id: str) -> None:
        async with self._database.guarded():
            back = await self._database["clients"].update_one(
                {"_id": client_id, "erasing": None}, {"$set": {"deregistered_at": None}}
            )
        if not back.matched_count:
            raise NotRegistered

    async def deregister(self, client_id: str, at: datetime) -> None:
        async with self._database.guarded():
            clients = self._database["clients"]
            await clients.update_one(
                {"_id": client_id, "erasing": None, "deregistered_at": None}, {"$set": {"deregistered_at": at}}
            )
            if await clients.find_one({"_id": client_id, "erasing": None}, {"_id": True}) is None:
                raise NotRegistered

    async def due(self, before: datetime) -> list[str]:
        async with self._database.guarded():
            found = self._database["clients"].find(_due(before), {"_id": True}, sort=[("deregistered_at", 1)])
            return [document["_id"] async for document in found]

    async def erase(self, client_id: str, *, before: datetime | None = None) -> bool:
        client: dict[str, Any] = {"_id": client_id}
        async with self._database.guarded():
            clients = self._database["clients"]
            if before is None:
                await clients.update_one({**client, "deregistered_at": None}, {"$set": {"deregistered_at": _NEVER_ASKED}})
            begun = await clients.update_one(
                {**client, **(_due(before) if before is not None else {})},
                {"$set": {"erasing": True, "tokens": [], "expires": {}, "left": {"n_face": 0, "n_facegallery": 0}}},
            )
            if not begun.matched_count:
                return False
            await self._database["data_keys"].delete_one({"_id": client_id})
            for name in ("api_keys", "institutions", "institution_keys"):
                await self._database[name].delete_many({"client_id": client_id})
        await self._galleries.erase_all(client_id)
        async with self._database.guarded():
            await self._database["data_keys"].delete_one({"_id": client_id})  # an enrolment under way may have made another
            await self._database["upstream_calls"].delete_many({"client_id": client_id})
            await clients.delete_one({**client, "erasing": True})
        return True


def _due(before: datetime) -> dict[str, Any]:
    return {"$or": [{"erasing": True}, {"deregistered_at": {"$lt": before}}]}

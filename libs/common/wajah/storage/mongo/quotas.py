"""What is left of a client's quotas, in MongoDB: `left` in the client's document has a number for each limited one.

A unit is taken before what it is for is written, and given back by whoever erased that: of racing jobs the server lets one
erase it. A crash between the two documents costs the client the unit until its limit is set again; it never gives one away.
"""

from collections.abc import Mapping
from typing import Any, Final

from bson import Int64

from wajah.storage.mongo.database import Document, MongoDatabase
from wajah.storage.mongo.keys import SEPARATOR
from wajah.storage.ports import NotRegistered, Quota, QuotaUsedUp

NOT_ERASING: Final[Mapping[str, None]] = {"erasing": None}


class Quotas:
    """To be called within `MongoDatabase.guarded`."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def take(self, client_id: str, quota: Quota, amount: int = 1, conditions: Mapping[str, Any] | None = None) -> None:
        """Raises NotRegistered for a client that is unknown or fails a condition, QuotaUsedUp where less is left."""
        clients = self._database["clients"]
        client = {"_id": client_id, **(conditions or {})}
        taken = await clients.update_one(
            {**client, _path(quota): {"$gte": amount}, **NOT_ERASING}, {"$inc": {_path(quota): Int64(-amount)}}
        )
        if taken.matched_count:
            return
        there = await clients.find_one(client, {"left": True, "erasing": True})
        if there is None or there.get("erasing"):
            raise NotRegistered
        if quota.value in there["left"]:
            raise QuotaUsedUp(quota)

    async def give_back(self, client_id: str, quota: Quota, amount: int = 1) -> None:
        if amount:
            await self._database["clients"].update_one(
                {"_id": client_id, _path(quota): {"$exists": True}, **NOT_ERASING},
                {"$inc": {_path(quota): Int64(amount)}},
            )

    async def limit(self, client_id: str, quota: Quota, limit: int | None) -> None:
        """Count what the client has and set what is left, again where something was taken or given back meanwhile.

        Raises NotRegistered.
        """
        clients, path = self._database["clients"], _path(quota)
        while True:
            there = await clients.find_one({"_id": client_id, **NOT_ERASING}, {"left": True})
            if there is None:
                raise NotRegistered
            seen = there["left"].get(quota.value, {"$exists": False})
            change: Document = {"$unset": {path: ""}}
            if limit is not None:
                held = (await self.holdings(client_id)).get(quota, 0)
                change = {"$set": {path: Int64(limit - held)}}
            if (await clients.update_one({"_id": client_id, path: seen}, change)).matched_count:
                return

    async def holdings(self, client_id: str) -> dict[Quota, int]:
        """How many faces and galleries a client has."""
        return {
            Quota.FACES: await self._database["faces"].count_documents({"gallery": _all_of(client_id)}),
            Quota.GALLERIES: await self._database["galleries"].count_documents({"client_id": client_id, "state": "live"}),
        }


def left_of(remaining: Mapping[Quota, int | None]) -> Document:
    return {quota.value: Int64(amount) for quota, amount in remaining.items() if amount is not None}


def remaining_of(left: Mapping[str, Any]) -> dict[Quota, int | None]:
    return {quota: int(left[quota.value]) if quota.value in left else None for quota in Quota}


def _all_of(client_id: str) -> Document:
    """The incarnations of all galleries of a client."""
    return {"$gte": client_id + SEPARATOR, "$lt": client_id + chr(ord(SEPARATOR) + 1)}


def _path(quota: Quota) -> str:
    return f"left.{quota.value}"

"""What is left of a client's quotas, in MongoDB: `left` in the client's document has a number for each limited one.

A unit is reserved before the face or gallery that it is for is written, and settled afterwards: then it stays with what was
written, or comes back. A reservation is known by the document to be written and the job, so that a job which comes again
takes nothing twice. Whoever erases or replaces a document settles first what its job had reserved for it, and who erased it
gives its unit back: of racing jobs the server lets one erase it.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bson import Int64

from wajah.storage.mongo.database import Document, MongoDatabase
from wajah.storage.mongo.keys import SEPARATOR
from wajah.storage.ports import NotRegistered, Quota, QuotaUsedUp

ABANDONED: Final = timedelta(hours=1)  # jobs are given up within minutes

_COLLECTIONS: Final = {Quota.FACES: "faces", Quota.GALLERIES: "galleries"}

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

    async def reserve(self, client_id: str, quota: Quota, document: str, job_id: str) -> bool:
        """A unit for the document that a job is about to write: the same one when it asks again. False where there is no
        limit, and nothing to settle. Raises like `take`."""
        path = _reservation(document, job_id)
        reservation = {"quota": quota.value, "document": document, "job_id": job_id, "at": datetime.now(UTC)}
        clients = self._database["clients"]
        reserved = await clients.update_one(
            {"_id": client_id, _path(quota): {"$gte": 1}, path: {"$exists": False}, **NOT_ERASING},
            {"$inc": {_path(quota): Int64(-1)}, "$set": {path: reservation}},
        )
        if reserved.matched_count:
            return True
        there = await clients.find_one({"_id": client_id}, {"left": True, "erasing": True, "reserved": True})
        if there is None or there.get("erasing"):
            raise NotRegistered
        again = path.partition(".")[2] in there.get("reserved", {})
        if quota.value in there["left"] and not again:
            raise QuotaUsedUp(quota)
        return again

    async def settle(self, client_id: str, quota: Quota, document: str, job_id: str, *, used: bool) -> None:
        """The document was written by this job, or never will be: then its unit comes back. Without a reservation nothing
        happens."""
        path = _reservation(document, job_id)
        client, removal = {"_id": client_id, path: {"$exists": True}}, {"$unset": {path: ""}}
        clients = self._database["clients"]
        if not used:
            limited = {**client, _path(quota): {"$exists": True}, **NOT_ERASING}
            if (await clients.update_one(limited, {**removal, "$inc": {_path(quota): Int64(1)}})).matched_count:
                return
        await clients.update_one(client, removal)

    async def settle_written(self, client_id: str, *, under: str = "", before: datetime | None = None) -> None:
        """Settle what a client has reserved for documents whose names begin with `under`, where they were written; with
        `before`, also what was reserved earlier for others, and whose jobs have been given up."""
        client = await self._database["clients"].find_one({"_id": client_id}, {"reserved": True})
        for reserved in (client or {}).get("reserved", {}).values():
            quota, document, job_id = Quota(reserved["quota"]), reserved["document"], reserved["job_id"]
            if not document.startswith(under):
                continue
            written = await self._database[_COLLECTIONS[quota]].find_one({"_id": document, "job_id": job_id}, {"_id": True})
            if written is not None or (before is not None and reserved["at"] < before):
                await self.settle(client_id, quota, document, job_id, used=written is not None)

    async def sweep(self) -> None:
        """Settle what jobs reserved that died, and never came again."""
        holders = self._database["clients"].find({"reserved": {"$exists": True}}, {"_id": True})
        for client_id in [holder["_id"] async for holder in holders]:
            await self.settle_written(client_id, before=datetime.now(UTC) - ABANDONED)

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


def _reservation(document: str, job_id: str) -> str:
    """Names of fields may hold neither dots nor dollars, ids may."""
    return "reserved." + hashlib.sha256(f"{document}{SEPARATOR}{job_id}".encode()).hexdigest()


def _path(quota: Quota) -> str:
    return f"left.{quota.value}"

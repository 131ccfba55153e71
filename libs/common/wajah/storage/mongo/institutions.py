"""The institutions of the Dukcapil FR API and their keys, in MongoDB: a document each, with the latest day's calls in the
institution's."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bson import Int64
from pymongo.errors import DuplicateKeyError

from wajah.storage.institutions import (
    DailyQuotaUsedUp,
    Institution,
    InstitutionExists,
    InstitutionKey,
    InstitutionNotFound,
)
from wajah.storage.mongo.database import Document, MongoDatabase
from wajah.storage.ports import NotRegistered


class MongoInstitutions:
    """`wajah.storage.institutions.Institutions`."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def add(self, institution: Institution) -> None:
        document = {
            "_id": institution.customer_id,
            "client_id": institution.client_id,
            "gallery_id": institution.gallery_id,
            "user_id": institution.user_id,
            "password_hash": institution.password_hash,
            "networks": list(institution.networks),
            "daily_quota": Int64(institution.daily_quota),
            "created_at": institution.created_at,
            "day": "",
            "calls": Int64(0),
        }
        async with self._database.guarded():
            try:
                await self._database["institutions"].insert_one(document)
            except DuplicateKeyError:
                raise InstitutionExists from None
            client = {"_id": institution.client_id, "erasing": None}
            if await self._database["clients"].find_one(client, {"_id": True}) is None:
                await self._database["institutions"].delete_one({"_id": institution.customer_id})
                raise NotRegistered

    async def get(self, customer_id: str) -> Institution | None:
        async with self._database.guarded():
            document = await self._database["institutions"].find_one({"_id": customer_id})
            if document is None:
                return None
            client = {"_id": document["client_id"], "erasing": None, "deregistered_at": None}
            served = await self._database["clients"].find_one(client, {"_id": True})
        return None if served is None else _institution(document)

    async def list(self) -> list[Institution]:
        async with self._database.guarded():
            found = self._database["institutions"].find(sort=[("_id", 1)])
            return [_institution(document) async for document in found]

    async def change(
        self,
        customer_id: str,
        *,
        networks: Sequence[str] | None = None,
        daily_quota: int | None = None,
        password_hash: str | None = None,
    ) -> None:
        fields: Document = {
            "networks": None if networks is None else list(networks),
            "daily_quota": None if daily_quota is None else Int64(daily_quota),
            "password_hash": password_hash,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        async with self._database.guarded():
            institutions = self._database["institutions"]
            changed = await institutions.update_one({"_id": customer_id}, {"$set": {"_id": customer_id, **given}})
        if not changed.matched_count:
            raise InstitutionNotFound

    async def remove(self, customer_id: str) -> bool:
        async with self._database.guarded():
            gone = await self._database["institutions"].delete_one({"_id": customer_id})
            await self._database["institution_keys"].delete_many({"customer_id": customer_id})
        return gone.deleted_count > 0

    async def take(self, customer_id: str, day: date) -> int:
        """A new day begins with its first call; then the calls are counted up, while there are fewer than the quota."""
        today = day.isoformat()
        async with self._database.guarded():
            institutions = self._database["institutions"]
            while True:
                await institutions.update_one(
                    {"_id": customer_id, "day": {"$lt": today}}, {"$set": {"day": today, "calls": Int64(0)}}
                )
                there = await self._found(customer_id)
                if there["calls"] >= there["daily_quota"]:
                    raise DailyQuotaUsedUp
                counted = {"_id": customer_id, "day": there["day"], "daily_quota": there["daily_quota"]}
                taken = await institutions.find_one_and_update(
                    {**counted, "calls": {"$lt": there["daily_quota"]}}, {"$inc": {"calls": Int64(1)}}
                )
                if taken is not None:
                    return int(taken["daily_quota"] - taken["calls"] - 1)

    async def left(self, customer_id: str, day: date) -> int:
        async with self._database.guarded():
            there = await self._found(customer_id)
        calls = 0 if there["day"] < day.isoformat() else there["calls"]
        return max(0, int(there["daily_quota"] - calls))

    async def _found(self, customer_id: str) -> Document:
        document = await self._database["institutions"].find_one({"_id": customer_id})
        if document is None:
            raise InstitutionNotFound
        return document


class MongoInstitutionKeys:
    """`wajah.storage.institutions.InstitutionKeys`."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def add(self, key: InstitutionKey, *, others_end_at: datetime) -> None:
        """The new key comes first: whatever interrupts this, the institution has one that has not ended."""
        document = {
            "_id": key.fingerprint,
            "customer_id": key.customer_id,
            "client_id": key.client_id,
            "private": key.private,
            "created_at": key.created_at,
            "ends_at": key.ends_at,
        }
        others = {"customer_id": key.customer_id, "_id": {"$ne": key.fingerprint}}
        async with self._database.guarded():
            keys = self._database["institution_keys"]
            await keys.insert_one(document)
            institution = {"_id": key.customer_id, "client_id": key.client_id}
            if await self._database["institutions"].find_one(institution, {"_id": True}) is None:
                await keys.delete_one({"_id": key.fingerprint})
                raise InstitutionNotFound
            await keys.delete_many({**others, "ends_at": {"$lte": key.created_at}})
            for later in (None, {"$gt": others_end_at}):
                await keys.update_many({**others, "ends_at": later}, {"$set": {"ends_at": others_end_at}})

    async def list(self, customer_id: str) -> list[InstitutionKey]:
        async with self._database.guarded():
            found = self._database["institution_keys"].find({"customer_id": customer_id}, sort=[("created_at", -1)])
            return [_key(document) async for document in found]


def _institution(document: Mapping[str, Any]) -> Institution:
    return Institution(
        customer_id=document["_id"],
        client_id=document["client_id"],
        gallery_id=document["gallery_id"],
        user_id=document["user_id"],
        password_hash=document["password_hash"],
        networks=tuple(document["networks"]),
        daily_quota=int(document["daily_quota"]),
        created_at=document["created_at"],
    )


def _key(document: Mapping[str, Any]) -> InstitutionKey:
    return InstitutionKey(
        fingerprint=document["_id"],
        customer_id=document["customer_id"],
        client_id=document["client_id"],
        private=document["private"],
        created_at=document["created_at"],
        ends_at=document["ends_at"],
    )

"""API keys, in MongoDB: a document a key, whose `_id` is its SHA-256 in hexadecimal."""

import time
from collections.abc import Mapping
from typing import Any

from bson import Int64

from wajah.contracts.errors import Code, WajahError
from wajah.storage.mongo.database import MongoDatabase
from wajah.storage.mongo.quotas import Quotas
from wajah.storage.ports import Api, ApiKey, NotRegistered, Quota


class MongoApiKeys:
    """`wajah.storage.ports.ApiKeys`."""

    def __init__(self, database: MongoDatabase, quotas: Quotas) -> None:
        self._database = database
        self._quotas = quotas

    async def add(self, key: ApiKey, key_sha256: bytes) -> None:
        document = {
            "client_id": key.client_id,
            "api": key.api.value,
            "prefix": key.prefix,
            "collection": key.collection,
            "created_at": key.created_at,
            "number": Int64(time.time_ns()),
        }
        async with self._database.guarded():
            await self._database["api_keys"].replace_one({"_id": key_sha256.hex()}, document, upsert=True)
            if await self._database["clients"].find_one({"_id": key.client_id, "erasing": None}, {"_id": True}) is None:
                await self._database["api_keys"].delete_one({"_id": key_sha256.hex()})
                raise NotRegistered

    async def list(self, client_id: str) -> list[ApiKey]:
        async with self._database.guarded():
            found = self._database["api_keys"].find({"client_id": client_id}, sort=[("created_at", 1), ("number", 1)])
            return [_key(document) async for document in found]

    async def revoke(self, client_id: str, prefix: str) -> bool:
        async with self._database.guarded():
            gone = await self._database["api_keys"].delete_many({"client_id": client_id, "prefix": prefix})
        return gone.deleted_count > 0

    async def authorise(self, key_sha256: bytes, api: Api, *, hits: int) -> ApiKey:
        async with self._database.guarded():
            document = await self._database["api_keys"].find_one({"_id": key_sha256.hex(), "api": api.value})
            if document is None:
                raise WajahError(Code.UNAUTHORIZED)
            await self._quotas.take(document["client_id"], Quota.HITS, hits, {"deregistered_at": None})
        return _key(document)


def _key(document: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        client_id=document["client_id"],
        api=Api(document["api"]),
        prefix=document["prefix"],
        collection=document["collection"],
        created_at=document["created_at"],
    )

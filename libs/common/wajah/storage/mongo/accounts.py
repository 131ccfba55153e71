"""Clients and their tokens, in MongoDB: one document a client, so that one update sees all of it.

`tokens` has the SHA-256 of each token in hexadecimal, which an index finds; `expires` says when each ends.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from wajah.contracts.errors import Code, WajahError
from wajah.storage.mongo.database import Document, MongoDatabase
from wajah.storage.mongo.quotas import Quotas, left_of, remaining_of
from wajah.storage.ports import TOKENS_KEPT, Client, ClientExists, NotRegistered, Quota

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)

_WITHOUT_TOKENS: Final = {"tokens": False, "expires": False}


class MongoClients:
    """`wajah.storage.ports.Clients`."""

    def __init__(self, database: MongoDatabase, quotas: Quotas) -> None:
        self._database = database
        self._quotas = quotas

    async def add(self, client: Client) -> None:
        document = {
            "_id": client.client_id,
            "password_hash": client.password_hash,
            "left": left_of(client.remaining),
            "tokens": [],
            "expires": {},
            "created_at": client.created_at,
            "deregistered_at": client.deregistered_at,
        }
        async with self._database.guarded():
            try:
                await self._database["clients"].insert_one(document)
            except DuplicateKeyError:
                raise ClientExists from None

    async def get(self, client_id: str) -> Client | None:
        async with self._database.guarded():
            document = await self._database["clients"].find_one({"_id": client_id}, _WITHOUT_TOKENS)
        return None if document is None else _client(document)

    async def list(self) -> list[Client]:
        async with self._database.guarded():
            documents = self._database["clients"].find({}, _WITHOUT_TOKENS, sort=[("_id", 1)])
            return [_client(document) async for document in documents]

    async def authorise(self, token_sha256: bytes, *, hits: int, deregistered: bool = False) -> Client:
        """Where there are no hits to take, or no limit to them, nothing is written: the answer costs one read.

        Else the update that takes the hits checks the token once more. Racing callers may be told the same remainder.
        """
        async with self._database.guarded():
            client = await self._holder(token_sha256, deregistered=deregistered)
            left = client.remaining[Quota.HITS]
            if not hits or left is None:
                return client
            conditions = _holding(token_sha256) | ({} if deregistered else {"deregistered_at": None})
            try:
                await self._quotas.take(client.client_id, Quota.HITS, hits, conditions)
            except NotRegistered:
                await self._holder(token_sha256, deregistered=deregistered)  # says it where the token has ended
                raise
        return replace(client, remaining=client.remaining | {Quota.HITS: max(0, left - hits)})

    async def limit(self, client_id: str, limits: Mapping[Quota, int | None]) -> None:
        async with self._database.guarded():
            for quota, limit in limits.items():
                await self._quotas.limit(client_id, quota, limit)

    async def holdings(self, client_id: str) -> dict[Quota, int]:
        async with self._database.guarded():
            return await self._quotas.holdings(client_id)

    async def _holder(self, token_sha256: bytes, *, deregistered: bool) -> Client:
        document = await self._database["clients"].find_one(_holding(token_sha256), _WITHOUT_TOKENS)
        if document is None:
            raise WajahError(Code.UNAUTHORIZED)
        if document["deregistered_at"] is not None and not deregistered:
            raise NotRegistered
        return _client(document)


class MongoTokens:
    """`wajah.storage.ports.Tokens`."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def add(self, client_id: str, token_sha256: bytes, expires_at: datetime | None) -> None:
        token = token_sha256.hex()
        async with self._database.guarded():
            clients = self._database["clients"]
            document = await clients.find_one({"_id": client_id}, {"expires": True})
            if document is None:
                return
            if ended := _to_end({name: end for name, end in document["expires"].items() if name != token}):
                await clients.update_one({"_id": client_id}, _without(ended))
            await clients.update_one(
                {"_id": client_id, "erasing": None},
                {"$addToSet": {"tokens": token}, "$set": {f"expires.{token}": expires_at or NEVER}},
            )

    async def revoke(self, client_id: str, token_sha256: bytes) -> bool:
        token = token_sha256.hex()
        async with self._database.guarded():
            revoked = await self._database["clients"].update_one({"_id": client_id, "tokens": token}, _without([token]))
        return revoked.matched_count > 0


def _without(tokens: list[str]) -> Document:
    return {"$pullAll": {"tokens": tokens}, "$unset": {f"expires.{token}": "" for token in tokens}}


def _to_end(expires: Mapping[str, datetime]) -> list[str]:
    """Those that have expired, and those that must go to make room for one more."""
    now = datetime.now(UTC)
    by_end = sorted(expires, key=lambda token: expires[token])
    expired = sum(expires[token] <= now for token in by_end)
    return by_end[: max(expired, len(by_end) - TOKENS_KEPT + 1)]


def _holding(token_sha256: bytes) -> dict[str, Any]:
    token = token_sha256.hex()
    return {"tokens": token, f"expires.{token}": {"$gt": datetime.now(UTC)}}


def _client(document: Mapping[str, Any]) -> Client:
    return Client(
        client_id=document["_id"],
        password_hash=document["password_hash"],
        remaining=remaining_of(document["left"]),
        created_at=document["created_at"],
        deregistered_at=document["deregistered_at"],
    )

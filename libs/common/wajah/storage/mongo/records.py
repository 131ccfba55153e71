"""Transaction records and registered models, in MongoDB."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bson import Int64
from pymongo.errors import BulkWriteError, DuplicateKeyError

from wajah.contracts.errors import Code
from wajah.contracts.models import FaceModel
from wajah.contracts.quality import Quality
from wajah.storage.mongo.database import MongoDatabase
from wajah.storage.ports import Transaction

RECORDS_A_STEP: Final = 2000

_DUPLICATE: Final = 11000


class MongoTransactions:
    """`wajah.storage.ports.Transactions`."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def add(self, transactions: Sequence[Transaction]) -> None:
        if not transactions:
            return
        number = time.time_ns()
        documents = [
            {
                "_id": each.job_id,
                "job": each.job,
                "client_id": each.client_id,
                "trx_id": each.trx_id,
                "code": each.code.value,
                "gallery_id": each.gallery_id,
                "user_id": each.user_id,
                "similarity": each.similarity,
                "model_id": each.model_id,
                "timings_ms": [{"stage": stage, "ms": elapsed} for stage, elapsed in each.timings_ms.items()],
                "at": each.at,
                "number": Int64(number + position),
                "quality": None if each.quality is None else each.quality.model_dump_json(),
            }
            for position, each in enumerate(transactions)
        ]
        async with self._database.guarded():
            try:
                await self._database["transactions"].insert_many(documents, ordered=False)
            except BulkWriteError as error:
                if not _only_duplicates(error.details):
                    raise

    async def find(
        self,
        client_id: str | None = None,
        *,
        trx_id: str | None = None,
        user_id: str | None = None,
        code: Code | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Transaction]:
        within = {"$gte": since, "$lt": until}
        asked = {
            "client_id": client_id,
            "trx_id": trx_id,
            "user_id": user_id,
            "code": None if code is None else code.value,
            "at": {bound: moment for bound, moment in within.items() if moment is not None} or None,
        }
        query = {field: value for field, value in asked.items() if value is not None}
        async with self._database.guarded():
            found = self._database["transactions"].find(query, sort=[("at", -1), ("number", -1)], limit=limit)
            return [_transaction(document) async for document in found]

    async def forget(self, before: datetime) -> int:
        count = 0
        while True:
            async with self._database.guarded():
                old = self._database["transactions"].find({"at": {"$lt": before}}, {"_id": True}, limit=RECORDS_A_STEP)
                job_ids = [document["_id"] async for document in old]
                if not job_ids:
                    return count
                count += (await self._database["transactions"].delete_many({"_id": {"$in": job_ids}})).deleted_count

    async def disown(self, client_id: str, user_id: str) -> int:
        async with self._database.guarded():
            disowned = await self._database["transactions"].update_many(
                {"client_id": client_id, "user_id": user_id}, {"$set": {"user_id": None}}
            )
        return disowned.matched_count


class MongoModels:
    """`wajah.storage.ports.Models`."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def register(self, model: FaceModel) -> None:
        document = {"_id": model.model_id, "model": model.model_dump_json()}
        async with self._database.guarded():
            models = self._database["models"]
            try:
                await models.insert_one(document)
            except DuplicateKeyError:
                await models.replace_one({"_id": model.model_id}, document)

    async def get(self, model_id: str) -> FaceModel | None:
        async with self._database.guarded():
            document = await self._database["models"].find_one({"_id": model_id})
        return None if document is None else FaceModel.model_validate_json(document["model"])


def _only_duplicates(details: Mapping[str, Any] | None) -> bool:
    failures = (details or {}).get("writeErrors", [])
    return (
        bool(failures)
        and not (details or {}).get("writeConcernErrors")
        and all(each["code"] == _DUPLICATE for each in failures)
    )


def _transaction(document: Mapping[str, Any]) -> Transaction:
    return Transaction(
        job_id=document["_id"],
        job=document["job"],
        client_id=document["client_id"],
        trx_id=document["trx_id"],
        code=Code(document["code"]),
        gallery_id=document["gallery_id"],
        user_id=document["user_id"],
        similarity=document["similarity"],
        model_id=document["model_id"],
        timings_ms={each["stage"]: each["ms"] for each in document["timings_ms"]},
        at=document["at"],
        quality=None if document["quality"] is None else Quality.model_validate_json(document["quality"]),
    )

"""Transaction records and registered models, in MongoDB."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bson import Int64
from pymongo.errors import BulkWriteError, DuplicateKeyError

from wajah.contracts.errors import Code
from wajah.contracts.models import FaceModel
from wajah.contracts.quality import Quality
from wajah.storage.mongo.database import MongoDatabase
from wajah.storage.ports import Transaction

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

    async def find(self, client_id: str, *, limit: int = 100) -> list[Transaction]:
        async with self._database.guarded():
            found = self._database["transactions"].find(
                {"client_id": client_id}, sort=[("at", -1), ("number", -1)], limit=limit
            )
            return [_transaction(document) async for document in found]


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

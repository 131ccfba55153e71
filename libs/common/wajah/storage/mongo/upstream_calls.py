"""Calls of outside services and what became of them, in MongoDB."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from wajah.contracts.errors import Code
from wajah.contracts.stages import Stage
from wajah.contracts.types import GalleryKey
from wajah.storage.mongo.database import Document, MongoDatabase
from wajah.storage.mongo.keys import call_id
from wajah.storage.ports import Settlement, UpstreamCall

_UNTOLD: Final[Mapping[str, Any]] = {
    "code": Code.SUCCESS.value,
    "settlement": {"$in": [Settlement.OPEN.value, Settlement.RECONCILED.value]},
}


class MongoUpstreamCalls:
    """`wajah.storage.ports.UpstreamCalls`."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def begin(self, call: UpstreamCall) -> UpstreamCall | None:
        async with self._database.guarded():
            while True:
                try:
                    await self._database["upstream_calls"].insert_one(_document(call))
                except DuplicateKeyError:
                    before = await self._find(call.job_id, call.stage)
                    if before is not None:
                        return before
                else:
                    return None

    async def end(self, job_id: str, stage: Stage, code: Code, message: str, answer: dict[str, Any] | None) -> None:
        told = None if answer is None else json.dumps(answer)
        outcome = {"code": code.value, "message": message, "answer": told}
        async with self._database.guarded():
            await self._database["upstream_calls"].update_one({"_id": call_id(job_id, stage)}, {"$set": outcome})

    async def get(self, job_id: str, stage: Stage) -> UpstreamCall | None:
        async with self._database.guarded():
            return await self._find(job_id, stage)

    async def accepted(self, gallery: GalleryKey, user_id: str, stage: Stage) -> UpstreamCall | None:
        async with self._database.guarded():
            found = self._database["upstream_calls"].find({**_of(gallery, user_id, stage), **_UNTOLD})
            latest = [_call(document) async for document in found.sort("begun_at", -1).limit(1)]
        return latest[0] if latest else None

    async def finish(self, job_id: str, gallery: GalleryKey, user_id: str, stage: Stage) -> None:
        calls = {**_of(gallery, user_id, stage), **_UNTOLD}
        async with self._database.guarded():
            for whose, settlement in ((job_id, Settlement.FINISHED), ({"$ne": job_id}, Settlement.SUPERSEDED)):
                await self._database["upstream_calls"].update_many(
                    {**calls, "job_id": whose}, {"$set": {"settlement": settlement.value}}
                )

    async def settle(self, job_id: str, stage: Stage, settlement: Settlement) -> None:
        is_open = {"_id": call_id(job_id, stage), "settlement": Settlement.OPEN.value}
        async with self._database.guarded():
            await self._database["upstream_calls"].update_one(is_open, {"$set": {"settlement": settlement.value}})

    async def overdue(self, stage: Stage, before: datetime, *, limit: int = 100) -> list[UpstreamCall]:
        async with self._database.guarded():
            found = self._database["upstream_calls"].find(
                {
                    "stage": stage.value,
                    "code": Code.SUCCESS.value,
                    "settlement": Settlement.OPEN.value,
                    "begun_at": {"$lt": before},
                }
            )
            return [_call(document) async for document in found.sort("begun_at", 1).limit(limit)]

    async def forget(self, before: datetime) -> int:
        settled = [{"code": {"$ne": Code.SUCCESS.value}}, {"settlement": {"$ne": Settlement.OPEN.value}}]
        async with self._database.guarded():
            gone = await self._database["upstream_calls"].delete_many({"begun_at": {"$lt": before}, "$or": settled})
        return gone.deleted_count

    async def of_user(self, client_id: str, user_id: str) -> list[UpstreamCall]:
        async with self._database.guarded():
            found = self._database["upstream_calls"].find({"client_id": client_id, "user_id": user_id})
            return [_call(document) async for document in found.sort("begun_at", 1)]

    async def erase_user(self, client_id: str, user_id: str) -> int:
        async with self._database.guarded():
            erased = await self._database["upstream_calls"].delete_many({"client_id": client_id, "user_id": user_id})
        return erased.deleted_count

    async def _find(self, job_id: str, stage: Stage) -> UpstreamCall | None:
        document = await self._database["upstream_calls"].find_one({"_id": call_id(job_id, stage)})
        return None if document is None else _call(document)


def _of(gallery: GalleryKey, user_id: str, stage: Stage) -> Document:
    return {**gallery._asdict(), "user_id": user_id, "stage": stage.value}


def _document(call: UpstreamCall) -> Document:
    return {
        "_id": call_id(call.job_id, call.stage),
        **_of(call.gallery, call.user_id, call.stage),
        "job_id": call.job_id,
        "user_name": call.user_name,
        "begun_at": call.begun_at,
        "code": None if call.code is None else call.code.value,
        "message": call.message,
        "answer": None if call.answer is None else json.dumps(call.answer),
        "settlement": call.settlement.value,
    }


def _call(document: Mapping[str, Any]) -> UpstreamCall:
    return UpstreamCall(
        job_id=document["job_id"],
        stage=Stage(document["stage"]),
        gallery=GalleryKey(document["client_id"], document["gallery_id"]),
        user_id=document["user_id"],
        user_name=document["user_name"],
        begun_at=document["begun_at"],
        code=None if document["code"] is None else Code(document["code"]),
        message=document["message"],
        answer=None if document["answer"] is None else json.loads(document["answer"]),
        settlement=Settlement(document["settlement"]),
    )

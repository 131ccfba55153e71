"""Enrolled faces, in MongoDB: a document a face, which belongs to one incarnation of its gallery."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final, cast

from bson import Int64
from pymongo.errors import DuplicateKeyError

from wajah.contracts.quality import Quality
from wajah.contracts.types import GalleryKey
from wajah.storage.mongo.batches import FOR_EVER_MS, PROJECTION, face_batch
from wajah.storage.mongo.database import Document, MongoDatabase
from wajah.storage.mongo.galleries import MongoGalleries
from wajah.storage.mongo.keys import face_id, gallery_of, incarnation_id, operation_id
from wajah.storage.mongo.operations import Operations
from wajah.storage.mongo.quotas import Quotas
from wajah.storage.ports import ExpiredFace, GalleryNotFound, Quota, SealedBatch, SealedFace, UserExists, UserNotFound

BATCH: Final = 4096


class MongoFaces:
    """`wajah.storage.ports.SealedFaces`. `decoder` runs what reads large answers."""

    def __init__(
        self,
        database: MongoDatabase,
        operations: Operations,
        galleries: MongoGalleries,
        quotas: Quotas,
        decoder: ThreadPoolExecutor,
    ) -> None:
        self._database = database
        self._operations = operations
        self._galleries = galleries
        self._quotas = quotas
        self._decoder = decoder

    async def enrol(self, face: SealedFace, *, replace: bool) -> bool:
        """The face, then the sequence, then the answer: a job that died between them does the rest when it comes again."""
        operation = operation_id("enrol", face.job_id, face.gallery, face.user_id)
        async with self._database.guarded():
            remembered = await self._operations.find(operation)
            if remembered is not None:
                return bool(remembered["replaced"])
            gallery = await self._galleries.live(face.gallery)
            document = _document(face, incarnation_id(face.gallery, int(gallery["incarnation"])))
            replaced = await self._write(document, face.gallery.client_id, replace=replace)
            if not await self._galleries.changed(gallery, face.user_id):
                mine = {"_id": document["_id"], "job_id": face.job_id}
                await self._erase(mine, face.gallery.client_id)
                raise GalleryNotFound
            await self._operations.remember(operation, replaced=replaced)
        return replaced

    async def get_many(self, gallery: GalleryKey, user_ids: Sequence[str]) -> list[SealedFace]:
        async with self._database.guarded():
            try:
                incarnation = await self._incarnation(gallery)
            except GalleryNotFound:
                return []
            names = [face_id(incarnation, user_id) for user_id in user_ids]
            found = self._database["faces"].find({"_id": {"$in": names}})
            return [_face(gallery, document) async for document in found]

    async def expired(self, at: datetime, *, limit: int = 500) -> list[ExpiredFace]:
        async with self._database.guarded():
            found = self._database["faces"].find(
                {"retained_until": {"$lte": _retained_until(at)}},
                {"gallery": True, "user_id": True, "job_id": True},
                sort=[("retained_until", 1)],
                limit=limit,
            )
            return [
                ExpiredFace(gallery_of(document["gallery"]), document["user_id"], document["job_id"])
                async for document in found
            ]

    async def list(self, gallery: GalleryKey) -> list[tuple[str, str]]:
        async with self._database.guarded():
            incarnation = await self._incarnation(gallery)
            found = self._database["faces"].find(
                {"gallery": incarnation}, {"_id": False, "user_id": True, "user_name": True}, sort=[("number", 1)]
            )
            return [(document["user_id"], document["user_name"]) async for document in found]

    async def delete(self, gallery: GalleryKey, user_id: str, job_id: str, *, enrolled_by: str | None = None) -> None:
        """Which enrolment it is that the job deletes is remembered first: a repeated job leaves a later one alone."""
        operation = operation_id("delete", job_id, gallery, user_id)
        async with self._database.guarded():
            remembered = await self._operations.find(operation)
            document = await self._galleries.live(gallery) if remembered is None else await self._if_live(gallery)
            if document is None:
                return
            name = face_id(incarnation_id(gallery, int(document["incarnation"])), user_id)
            if remembered is not None:
                await self._erase({"_id": name, "job_id": remembered["enrolled_by"]}, gallery.client_id)
            else:
                await self._delete(name, operation, gallery.client_id, enrolled_by)
            await self._galleries.changed(document, user_id)

    async def load(self, gallery: GalleryKey, model_id: str) -> AsyncIterator[SealedBatch]:
        async with self._database.guarded():
            try:
                incarnation = await self._incarnation(gallery)
            except GalleryNotFound:
                return
            batches = self._database["faces"].find_raw_batches(
                {"gallery": incarnation, "model_id": model_id}, PROJECTION, sort=[("number", 1)], batch_size=BATCH
            )
        async with batches:
            while True:
                async with self._database.guarded():
                    raw = cast("bytes", await anext(batches, b""))  # its stated type is that of a document
                if not raw:
                    return
                yield await asyncio.get_running_loop().run_in_executor(self._decoder, face_batch, raw)

    async def _write(self, document: Document, client_id: str, *, replace: bool) -> bool:
        """Whether it replaced another. Raises UserExists, QuotaUsedUp."""
        faces = self._database["faces"]
        name, job_id = document["_id"], document["job_id"]
        while True:
            there = await faces.find_one({"_id": name}, {"job_id": True, "replaced": True})
            if there is None:
                reserved = await self._quotas.reserve(client_id, Quota.FACES, name, job_id)
                if await self._insert(document):
                    if reserved:
                        await self._quotas.settle(client_id, Quota.FACES, name, job_id, used=True)
                    return False
            else:
                if there["job_id"] == job_id:
                    await self._quotas.settle(client_id, Quota.FACES, name, job_id, used=not there["replaced"])
                    return bool(there["replaced"])
                if not replace:
                    await self._quotas.settle(client_id, Quota.FACES, name, job_id, used=False)
                    raise UserExists
                await self._quotas.settle(client_id, Quota.FACES, name, there["job_id"], used=not there["replaced"])
                kept = {"_id", "gallery", "user_id", "number"}
                fields = {field: value for field, value in document.items() if field not in kept}
                updated = await faces.update_one(
                    {"_id": name, "job_id": there["job_id"]}, {"$set": fields | {"replaced": True}}
                )
                if updated.matched_count:
                    await self._quotas.settle(client_id, Quota.FACES, name, job_id, used=False)
                    return True

    async def _insert(self, document: Document) -> bool:
        """False when another job is faster."""
        try:
            await self._database["faces"].insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    async def _erase(self, enrolment: Document, client_id: str) -> bool:
        """Whether it was there: then its unit of the quota is free again."""
        await self._quotas.settle(client_id, Quota.FACES, enrolment["_id"], enrolment["job_id"], used=True)
        erased = (await self._database["faces"].delete_one(enrolment)).deleted_count
        await self._quotas.give_back(client_id, Quota.FACES, erased)
        return erased > 0

    async def _delete(self, name: str, operation: str, client_id: str, enrolled_by: str | None) -> None:
        """Raises UserNotFound, also when another job is faster."""
        faces = self._database["faces"]
        while True:
            there = await faces.find_one({"_id": name}, {"job_id": True})
            if there is None or enrolled_by not in {None, there["job_id"]}:
                raise UserNotFound
            await self._operations.remember(operation, enrolled_by=there["job_id"])
            if await self._erase({"_id": name, "job_id": there["job_id"]}, client_id):
                return
            await self._operations.forget(operation)

    async def _incarnation(self, gallery: GalleryKey) -> str:
        """Raises GalleryNotFound."""
        return incarnation_id(gallery, int((await self._galleries.live(gallery))["incarnation"]))

    async def _if_live(self, gallery: GalleryKey) -> Document | None:
        try:
            return await self._galleries.live(gallery)
        except GalleryNotFound:
            return None


def _document(face: SealedFace, incarnation: str) -> Document:
    """`template` is the first that a projection leaves: see `batches`."""
    return {
        "_id": face_id(incarnation, face.user_id),
        "template": face.template,
        "user_id": face.user_id,
        "user_name": face.user_name,
        "masked": face.masked,
        "retained_until": _retained_until(face.retention_until),
        "gallery": incarnation,
        "model_id": face.model_id,
        "job_id": face.job_id,
        "replaced": False,
        "number": Int64(time.time_ns()),
        "enrolled_at": face.enrolled_at,
        "quality": None if face.quality is None else face.quality.model_dump_json(),
        "consent_ref": face.consent_ref,
    }


def _retained_until(moment: datetime | None) -> Int64:
    """In Unix milliseconds: always there, and always of one length, so that `batches` finds what follows."""
    return Int64(FOR_EVER_MS if moment is None else round(moment.timestamp() * 1000))


def _face(gallery: GalleryKey, document: dict[str, Any]) -> SealedFace:
    until_ms = document["retained_until"]
    return SealedFace(
        gallery=gallery,
        user_id=document["user_id"],
        user_name=document["user_name"],
        model_id=document["model_id"],
        template=document["template"],
        job_id=document["job_id"],
        enrolled_at=document["enrolled_at"],
        masked=document["masked"],
        quality=None if document["quality"] is None else Quality.model_validate_json(document["quality"]),
        consent_ref=document["consent_ref"],
        retention_until=None if until_ms == FOR_EVER_MS else datetime.fromtimestamp(until_ms / 1000, UTC),
    )

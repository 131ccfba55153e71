"""Galleries and their sequence numbers, in MongoDB.

A gallery's document is live, then deleting, then erased; an erased one stays for a day and is made live again by a
re-creation. What a gallery is between creation and deletion is its *incarnation*, numbered by the sequence at its
creation: faces belong to an incarnation, so that an enrolment that races with a deletion never shows up in a later one.
"""

import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from bson import Int64
from pymongo.errors import DuplicateKeyError

from wajah.contracts.types import GalleryKey
from wajah.storage.mongo.database import Document, MongoDatabase
from wajah.storage.mongo.keys import SEPARATOR, gallery_id, incarnation_id, operation_id
from wajah.storage.mongo.operations import Operations
from wajah.storage.mongo.quotas import Quotas
from wajah.storage.ports import CHANGES_KEPT, Changes, GalleryExists, GalleryNotFound, NotRegistered, Quota

FACES_A_STEP: Final = 2000

_WITHOUT_CHANGES: Final = {"changes": False}


class State(StrEnum):
    LIVE = "live"
    DELETING = "deleting"
    ERASED = "erased"


class MongoGalleries:
    """`wajah.storage.ports.Galleries`. A sequence starts at the microseconds of its creation, or past its predecessor's."""

    def __init__(self, database: MongoDatabase, operations: Operations, quotas: Quotas) -> None:
        self._database = database
        self._operations = operations
        self._quotas = quotas

    async def create(self, gallery: GalleryKey, job_id: str) -> bool:
        operation = operation_id("create", job_id, gallery)
        async with self._database.guarded():
            if await self._operations.find(operation) is not None:
                return False
            while True:
                document = await self._database["galleries"].find_one({"_id": gallery_id(gallery)}, _WITHOUT_CHANGES)
                if document is not None and document["state"] == State.DELETING:
                    await self._finish_deletion(gallery, document)
                elif document is not None and document["state"] == State.LIVE:
                    await self._settle(gallery, job_id, used=document["job_id"] == job_id)
                    if document["job_id"] != job_id:
                        raise GalleryExists
                    await self._operations.remember(operation)
                    return False
                elif await self._take_and_claim(gallery, job_id):
                    break
            await self._operations.remember(operation)
        return True

    async def list(self, client_id: str) -> list[str]:
        async with self._database.guarded():
            live = self._database["galleries"].find(
                {"client_id": client_id, "state": State.LIVE}, {"gallery_id": True}, sort=[("created", 1)]
            )
            return [document["gallery_id"] async for document in live]

    async def delete(self, gallery: GalleryKey, job_id: str) -> int:
        """First marked, so that nothing can be enrolled; then remembered, then erased: whoever meets a deletion that was
        cut short finishes it. A gallery too large to be erased in time stays marked meanwhile."""
        operation = operation_id("delete", job_id, gallery)
        galleries = self._database["galleries"]
        async with self._database.guarded():
            while True:
                document = await galleries.find_one({"_id": gallery_id(gallery)}, _WITHOUT_CHANGES)
                if document is not None and document["state"] == State.DELETING:
                    await self._finish_deletion(gallery, document)
                remembered = await self._operations.find(operation)
                if remembered is not None:
                    return int(remembered["faces"])
                if document is None or document["state"] != State.LIVE:
                    raise GalleryNotFound
                await self._mark(document, job_id)

    async def sequence(self, gallery: GalleryKey) -> int:
        async with self._database.guarded():
            return int((await self.live(gallery))["sequence"])

    async def changes(self, gallery: GalleryKey, since: int) -> Changes:
        async with self._database.guarded():
            document = await self.live(gallery, with_changes=True)
        sequence, recent = int(document["sequence"]), document["changes"][-CHANGES_KEPT:]
        behind = sequence - since
        if not 0 <= behind <= len(recent):
            return Changes(sequence, None)
        return Changes(sequence, frozenset(recent[len(recent) - behind :]))

    async def live(self, gallery: GalleryKey, *, with_changes: bool = False) -> Document:
        """The gallery's document. Raises GalleryNotFound. To be called within `MongoDatabase.guarded`, as all below."""
        document = await self._database["galleries"].find_one(
            {"_id": gallery_id(gallery), "state": State.LIVE}, None if with_changes else _WITHOUT_CHANGES
        )
        if document is None:
            raise GalleryNotFound
        return document

    async def changed(self, document: Document, user_id: str) -> bool:
        """Raise the sequence by a change of one user; False when the gallery has been deleted meanwhile."""
        raised = await self._database["galleries"].update_one(
            _unchanged(document),
            {"$inc": {"sequence": 1}, "$push": {"changes": {"$each": [user_id], "$slice": -CHANGES_KEPT}}},
        )
        return raised.matched_count > 0

    async def erase_all(self, client_id: str) -> None:
        """Erase all galleries of a client that can create none any more, in steps of which each ends in time."""
        live_or_deleting = {"client_id": client_id, "state": {"$in": [State.LIVE, State.DELETING]}}
        while True:
            async with self._database.guarded():
                document = await self._database["galleries"].find_one(live_or_deleting, _WITHOUT_CHANGES)
                if document is None:
                    return
                if document["state"] == State.LIVE:
                    await self._mark(document, f"erasure of {client_id}")
                    continue
            gallery = GalleryKey(client_id, document["gallery_id"])
            while await self._erase_some(incarnation_id(gallery, int(document["incarnation"]))):
                pass
            async with self._database.guarded():
                await self._finish_deletion(gallery, document)

    async def sweep(self) -> None:
        """Erase what enrolments may have left that died while their gallery was being deleted."""
        erased = self._database["galleries"].find({"erased_at": {"$exists": True}}, _WITHOUT_CHANGES)
        async for document in erased:
            await self._erase(GalleryKey(document["client_id"], document["gallery_id"]), int(document["incarnation"]))

    async def _take_and_claim(self, gallery: GalleryKey, job_id: str) -> bool:
        """False when somebody else is before us. Raises NotRegistered, QuotaUsedUp."""
        client_id = gallery.client_id
        await self._quotas.reserve(client_id, Quota.GALLERIES, gallery_id(gallery), job_id)
        if not await self._claim(gallery, job_id):
            return False
        await self._settle(gallery, job_id, used=True)
        if await self._database["clients"].find_one({"_id": client_id, "erasing": None}, {"_id": True}) is None:
            await self._database["galleries"].update_one(
                {"_id": gallery_id(gallery), "job_id": job_id},
                {"$set": {"state": State.ERASED, "erased_at": datetime.now(UTC)}},
            )
            raise NotRegistered  # its erasure began, and may have missed this gallery
        return True

    async def _settle(self, gallery: GalleryKey, job_id: str, *, used: bool) -> None:
        await self._quotas.settle(gallery.client_id, Quota.GALLERIES, gallery_id(gallery), job_id, used=used)

    async def _mark(self, document: Document, job_id: str) -> None:
        await self._database["galleries"].update_one(
            _unchanged(document), {"$set": {"state": State.DELETING, "deleted_by": job_id}}
        )

    async def _erase_some(self, incarnation: str) -> bool:
        """Whether there was anything to erase."""
        faces = self._database["faces"]
        async with self._database.guarded():
            found = faces.find({"gallery": incarnation}, {"_id": True}).limit(FACES_A_STEP)
            names = [document["_id"] async for document in found]
            if names:
                await faces.delete_many({"_id": {"$in": names}})
        return bool(names)

    async def _claim(self, gallery: GalleryKey, job_id: str) -> bool:
        """Create it where it is not, or only as an erased one; False when somebody else is before us."""
        galleries = self._database["galleries"]
        try:
            await galleries.insert_one({"_id": gallery_id(gallery), **_newborn(gallery, job_id, _now_us())})
        except DuplicateKeyError:
            erased = await galleries.find_one({"_id": gallery_id(gallery), "state": State.ERASED}, _WITHOUT_CHANGES)
            if erased is None:
                return False
            await self._erase(gallery, int(erased["incarnation"]))
            again = await galleries.update_one(
                _unchanged(erased),
                {
                    "$set": _newborn(gallery, job_id, max(_now_us(), int(erased["sequence"]) + 1)),
                    "$unset": {"erased_at": "", "deleted_by": ""},
                },
            )
            return again.matched_count > 0
        return True

    async def _finish_deletion(self, gallery: GalleryKey, document: Document) -> None:
        incarnation = int(document["incarnation"])
        faces = await self._database["faces"].count_documents({"gallery": incarnation_id(gallery, incarnation)})
        await self._operations.remember(operation_id("delete", document["deleted_by"], gallery), faces=faces)
        await self._erase(gallery, incarnation)
        await self._settle(gallery, document["job_id"], used=True)
        erased = await self._database["galleries"].update_one(
            _unchanged(document | {"state": State.DELETING}),
            {"$set": {"state": State.ERASED, "erased_at": datetime.now(UTC), "changes": []}},
        )
        await self._quotas.give_back(gallery.client_id, Quota.GALLERIES, erased.matched_count)

    async def _erase(self, gallery: GalleryKey, incarnation: int) -> None:
        """The faces of an incarnation, and of any before it."""
        span = {"$gte": incarnation_id(gallery, 0), "$lte": incarnation_id(gallery, incarnation)}
        await self._quotas.settle_written(gallery.client_id, under=gallery_id(gallery) + SEPARATOR)
        erased = await self._database["faces"].delete_many({"gallery": span})
        await self._quotas.give_back(gallery.client_id, Quota.FACES, erased.deleted_count)


def _newborn(gallery: GalleryKey, job_id: str, sequence: int) -> Document:
    return {
        "client_id": gallery.client_id,
        "gallery_id": gallery.gallery_id,
        "state": State.LIVE,
        "incarnation": Int64(sequence),
        "sequence": Int64(sequence),
        "changes": [],
        "job_id": job_id,
        "created": Int64(time.time_ns()),
    }


def _unchanged(document: Document) -> Document:
    """Selects the gallery while it is what it was when it was read, but for its sequence."""
    return {name: document[name] for name in ("_id", "incarnation", "state")}


def _now_us() -> int:
    return time.time_ns() // 1000

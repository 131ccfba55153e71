"""Enrolled faces, in SQLite."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import numpy as np

from wajah.contracts.quality import Quality
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import ExpiredFace, Quota, SealedBatch, SealedFace, UserExists, UserNotFound
from wajah.storage.sqlite.database import Database
from wajah.storage.sqlite.galleries import changed, found, remember
from wajah.storage.sqlite.quotas import give_back, take

BATCH: Final = 4096
MANY: Final = 500  # SQLite refuses more than some thousand variables in a statement

_LOAD = """
SELECT number, user_id, user_name, template, masked, retention_until FROM faces
WHERE gallery = (SELECT number FROM galleries WHERE client_id = ? AND gallery_id = ?) AND number > ? AND model_id = ?
ORDER BY number LIMIT ?
"""
_EXPIRED = """
SELECT client_id, gallery_id, user_id, faces.job_id FROM faces JOIN galleries ON galleries.number = faces.gallery
WHERE retention_until <= ? ORDER BY retention_until LIMIT ?
"""


class SqliteFaces:
    """`wajah.storage.ports.SealedFaces`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enrol(self, face: SealedFace, *, replace: bool) -> bool:
        fields = (
            face.user_name,
            face.model_id,
            face.template,
            face.job_id,
            face.enrolled_at.timestamp(),
            face.masked,
            None if face.quality is None else face.quality.model_dump_json(),
            face.consent_ref,
            None if face.retention_until is None else face.retention_until.timestamp(),
        )

        def work(connection: sqlite3.Connection) -> bool:
            gallery = found(connection, face.gallery)
            at = (gallery["number"], face.user_id)
            enrolled = connection.execute(
                "SELECT job_id, replaced FROM faces WHERE gallery = ? AND user_id = ?", at
            ).fetchone()
            if enrolled is not None and enrolled["job_id"] == face.job_id:
                return bool(enrolled["replaced"])
            if enrolled is not None and not replace:
                raise UserExists
            if enrolled is None:
                take(connection, face.gallery.client_id, Quota.FACES)
                connection.execute(
                    "INSERT INTO faces (user_name, model_id, template, job_id, enrolled_at, masked, quality, consent_ref, "
                    "retention_until, replaced, gallery, user_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
                    (*fields, *at),
                )
            else:
                connection.execute(
                    "UPDATE faces SET user_name = ?, model_id = ?, template = ?, job_id = ?, enrolled_at = ?, masked = ?, "
                    "quality = ?, consent_ref = ?, retention_until = ?, replaced = 1 WHERE gallery = ? AND user_id = ?",
                    (*fields, *at),
                )
            changed(connection, gallery, face.user_id)
            return enrolled is not None

        return await self._database.write(work)

    async def get_many(self, gallery: GalleryKey, user_ids: Sequence[str]) -> list[SealedFace]:
        def work(connection: sqlite3.Connection) -> list[SealedFace]:
            rows: list[sqlite3.Row] = []
            for start in range(0, len(user_ids), MANY):
                some = user_ids[start : start + MANY]
                rows += connection.execute(
                    "SELECT faces.* FROM faces JOIN galleries ON galleries.number = faces.gallery "  # noqa: S608 - marks only
                    f"WHERE client_id = ? AND gallery_id = ? AND user_id IN ({', '.join('?' * len(some))})",
                    (*gallery, *some),
                )
            return [face_of(gallery, row) for row in rows]

        return await self._database.read(work)

    async def expired(self, at: datetime, *, limit: int = 500) -> list[ExpiredFace]:
        def work(connection: sqlite3.Connection) -> list[ExpiredFace]:
            rows = connection.execute(_EXPIRED, (at.timestamp(), limit))
            return [
                ExpiredFace(GalleryKey(row["client_id"], row["gallery_id"]), row["user_id"], row["job_id"]) for row in rows
            ]

        return await self._database.read(work)

    async def list(self, gallery: GalleryKey) -> list[tuple[str, str]]:
        def work(connection: sqlite3.Connection) -> list[tuple[str, str]]:
            number = found(connection, gallery)["number"]
            rows = connection.execute("SELECT user_id, user_name FROM faces WHERE gallery = ? ORDER BY number", (number,))
            return [(row["user_id"], row["user_name"]) for row in rows]

        return await self._database.read(work)

    async def delete(self, gallery: GalleryKey, user_id: str, job_id: str, *, enrolled_by: str | None = None) -> None:
        def work(connection: sqlite3.Connection) -> None:
            row = found(connection, gallery)
            if connection.execute("SELECT 1 FROM operations WHERE job_id = ?", (job_id,)).fetchone() is not None:
                return
            gone = connection.execute(
                "DELETE FROM faces WHERE gallery = ? AND user_id = ? AND job_id = coalesce(?, job_id)",
                (row["number"], user_id, enrolled_by),
            )
            if not gone.rowcount:
                raise UserNotFound
            give_back(connection, gallery.client_id, Quota.FACES)
            remember(connection, job_id, gone.rowcount)
            changed(connection, row, user_id)

        await self._database.write(work)

    async def load(self, gallery: GalleryKey, model_id: str) -> AsyncIterator[SealedBatch]:
        last = 0
        while True:
            batch, last = await self._database.read(partial(_batch, gallery=gallery, model_id=model_id, after=last))
            if batch is None:
                return
            yield batch


def _batch(connection: sqlite3.Connection, gallery: GalleryKey, model_id: str, after: int) -> tuple[SealedBatch | None, int]:
    rows = connection.execute(_LOAD, (*gallery, after, model_id, BATCH)).fetchall()
    if not rows:
        return None, after
    numbers, user_ids, user_names, templates, masked, ends = zip(*rows, strict=True)
    retained_until = np.array([np.inf if end is None else end for end in ends], np.float64)
    batch = SealedBatch(list(user_ids), list(user_names), list(templates), np.array(masked, bool), retained_until)
    return batch, numbers[-1]


def face_of(gallery: GalleryKey, row: sqlite3.Row) -> SealedFace:
    ends = row["retention_until"]
    return SealedFace(
        gallery=gallery,
        user_id=row["user_id"],
        user_name=row["user_name"],
        model_id=row["model_id"],
        template=row["template"],
        job_id=row["job_id"],
        enrolled_at=datetime.fromtimestamp(row["enrolled_at"], UTC),
        masked=bool(row["masked"]),
        quality=None if row["quality"] is None else Quality.model_validate_json(row["quality"]),
        consent_ref=row["consent_ref"],
        retention_until=None if ends is None else datetime.fromtimestamp(ends, UTC),
    )

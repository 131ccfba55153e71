"""Enrolled faces, in SQLite."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import numpy as np

from wajah.contracts.quality import Quality
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import Face, FaceBatch, Quota, UserExists, UserNotFound
from wajah.storage.sqlite.database import Database
from wajah.storage.sqlite.galleries import changed, found, remember
from wajah.storage.sqlite.quotas import give_back, take

BATCH: Final = 4096
MANY: Final = 500  # SQLite refuses more than some thousand variables in a statement

_LOAD = """
SELECT number, user_id, user_name, template, masked FROM faces
WHERE gallery = (SELECT number FROM galleries WHERE client_id = ? AND gallery_id = ?) AND number > ? AND model_id = ?
ORDER BY number LIMIT ?
"""


class SqliteFaces:
    """`wajah.storage.ports.Faces`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enrol(self, face: Face, *, replace: bool) -> bool:
        fields = (
            face.user_name,
            face.model_id,
            face.template.astype("<f4").tobytes(),
            face.job_id,
            face.enrolled_at.timestamp(),
            face.masked,
            None if face.quality is None else face.quality.model_dump_json(),
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
                    "INSERT INTO faces (user_name, model_id, template, job_id, enrolled_at, masked, quality, replaced, "
                    "gallery, user_id) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
                    (*fields, *at),
                )
            else:
                connection.execute(
                    "UPDATE faces SET user_name = ?, model_id = ?, template = ?, job_id = ?, enrolled_at = ?, masked = ?, "
                    "quality = ?, replaced = 1 WHERE gallery = ? AND user_id = ?",
                    (*fields, *at),
                )
            changed(connection, gallery, face.user_id)
            return enrolled is not None

        return await self._database.write(work)

    async def get(self, gallery: GalleryKey, user_id: str) -> Face | None:
        faces = await self.get_many(gallery, [user_id])
        return faces[0] if faces else None

    async def get_many(self, gallery: GalleryKey, user_ids: Sequence[str]) -> list[Face]:
        def work(connection: sqlite3.Connection) -> list[Face]:
            rows: list[sqlite3.Row] = []
            for start in range(0, len(user_ids), MANY):
                some = user_ids[start : start + MANY]
                rows += connection.execute(
                    "SELECT faces.* FROM faces JOIN galleries ON galleries.number = faces.gallery "  # noqa: S608 - marks only
                    f"WHERE client_id = ? AND gallery_id = ? AND user_id IN ({', '.join('?' * len(some))})",
                    (*gallery, *some),
                )
            return [_face(gallery, row) for row in rows]

        return await self._database.read(work)

    async def list(self, gallery: GalleryKey) -> list[tuple[str, str]]:
        def work(connection: sqlite3.Connection) -> list[tuple[str, str]]:
            number = found(connection, gallery)["number"]
            rows = connection.execute("SELECT user_id, user_name FROM faces WHERE gallery = ? ORDER BY number", (number,))
            return [(row["user_id"], row["user_name"]) for row in rows]

        return await self._database.read(work)

    async def delete(self, gallery: GalleryKey, user_id: str, job_id: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            row = found(connection, gallery)
            if connection.execute("SELECT 1 FROM operations WHERE job_id = ?", (job_id,)).fetchone() is not None:
                return
            gone = connection.execute("DELETE FROM faces WHERE gallery = ? AND user_id = ?", (row["number"], user_id))
            if not gone.rowcount:
                raise UserNotFound
            give_back(connection, gallery.client_id, Quota.FACES)
            remember(connection, job_id, gone.rowcount)
            changed(connection, row, user_id)

        await self._database.write(work)

    async def load(self, gallery: GalleryKey, model_id: str) -> AsyncIterator[FaceBatch]:
        last = 0
        while True:
            batch, last = await self._database.read(partial(_batch, gallery=gallery, model_id=model_id, after=last))
            if batch is None:
                return
            yield batch


def _batch(connection: sqlite3.Connection, gallery: GalleryKey, model_id: str, after: int) -> tuple[FaceBatch | None, int]:
    rows = connection.execute(_LOAD, (*gallery, after, model_id, BATCH)).fetchall()
    if not rows:
        return None, after
    numbers, user_ids, user_names, templates, masked = zip(*rows, strict=True)
    matrix = np.frombuffer(b"".join(templates), "<f4").reshape(len(rows), -1).astype(np.float32, copy=False)
    return FaceBatch(list(user_ids), list(user_names), matrix, np.array(masked, bool)), numbers[-1]


def _face(gallery: GalleryKey, row: sqlite3.Row) -> Face:
    return Face(
        gallery=gallery,
        user_id=row["user_id"],
        user_name=row["user_name"],
        model_id=row["model_id"],
        template=np.frombuffer(row["template"], "<f4").astype(np.float32, copy=False),
        job_id=row["job_id"],
        enrolled_at=datetime.fromtimestamp(row["enrolled_at"], UTC),
        masked=bool(row["masked"]),
        quality=None if row["quality"] is None else Quality.model_validate_json(row["quality"]),
    )

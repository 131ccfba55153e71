"""Galleries and their sequence numbers, in SQLite."""

import sqlite3
import time

from wajah.contracts.types import GalleryKey
from wajah.storage.ports import CHANGES_KEPT, REMEMBERED_S, Changes, GalleryExists, GalleryNotFound, Quota
from wajah.storage.sqlite.database import Database
from wajah.storage.sqlite.quotas import give_back, take


class SqliteGalleries:
    """`wajah.storage.ports.Galleries`. A sequence starts at the microseconds of its creation, so that a re-created gallery
    is ahead of every number that the erased one had."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, gallery: GalleryKey, job_id: str) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            row = _find(connection, gallery)
            if row is not None:
                if row["job_id"] == job_id:
                    return False
                raise GalleryExists
            take(connection, gallery.client_id, Quota.GALLERIES)
            connection.execute(
                "INSERT INTO galleries (client_id, gallery_id, sequence, job_id) VALUES (?, ?, ?, ?)",
                (*gallery, time.time_ns() // 1000, job_id),
            )
            return True

        return await self._database.write(work)

    async def list(self, client_id: str) -> list[str]:
        def work(connection: sqlite3.Connection) -> list[str]:
            rows = connection.execute("SELECT gallery_id FROM galleries WHERE client_id = ? ORDER BY number", (client_id,))
            return [row["gallery_id"] for row in rows]

        return await self._database.read(work)

    async def delete(self, gallery: GalleryKey, job_id: str) -> int:
        def work(connection: sqlite3.Connection) -> int:
            done = connection.execute("SELECT faces FROM operations WHERE job_id = ?", (job_id,)).fetchone()
            if done is not None:  # asked first: the gallery may have been created again since
                return int(done["faces"])
            row = found(connection, gallery)
            faces = connection.execute("DELETE FROM faces WHERE gallery = ?", (row["number"],)).rowcount
            connection.execute("DELETE FROM changes WHERE gallery = ?", (row["number"],))
            connection.execute("DELETE FROM galleries WHERE number = ?", (row["number"],))
            give_back(connection, gallery.client_id, Quota.GALLERIES)
            give_back(connection, gallery.client_id, Quota.FACES, faces)
            remember(connection, job_id, faces)
            return faces

        return await self._database.write(work)

    async def sequence(self, gallery: GalleryKey) -> int:
        return await self._database.read(lambda connection: int(found(connection, gallery)["sequence"]))

    async def changes(self, gallery: GalleryKey, since: int) -> Changes:
        def work(connection: sqlite3.Connection) -> Changes:
            row = found(connection, gallery)
            if row["sequence"] == since:
                return Changes(row["sequence"], frozenset())
            changed = connection.execute(
                "SELECT user_id FROM changes WHERE gallery = ? AND sequence > ?", (row["number"], since)
            ).fetchall()
            if since > row["sequence"] or len(changed) < row["sequence"] - since:
                return Changes(row["sequence"], None)
            return Changes(row["sequence"], frozenset(each["user_id"] for each in changed))

        return await self._database.read(work)


def found(connection: sqlite3.Connection, gallery: GalleryKey) -> sqlite3.Row:
    """Raises GalleryNotFound."""
    row = _find(connection, gallery)
    if row is None:
        raise GalleryNotFound
    return row


def changed(connection: sqlite3.Connection, gallery: sqlite3.Row, user_id: str) -> None:
    """Raise the sequence by a change of one user."""
    sequence = gallery["sequence"] + 1
    connection.execute("UPDATE galleries SET sequence = ? WHERE number = ?", (sequence, gallery["number"]))
    connection.execute("INSERT INTO changes VALUES (?, ?, ?)", (gallery["number"], sequence, user_id))
    connection.execute(
        "DELETE FROM changes WHERE gallery = ? AND sequence <= ?", (gallery["number"], sequence - CHANGES_KEPT)
    )


def remember(connection: sqlite3.Connection, job_id: str, faces: int) -> None:
    """That this job erased so many faces: the same job may ask again, within a day."""
    connection.execute("DELETE FROM operations WHERE at < ?", (time.time() - REMEMBERED_S,))
    connection.execute("INSERT OR REPLACE INTO operations VALUES (?, ?, ?)", (job_id, faces, time.time()))


def _find(connection: sqlite3.Connection, gallery: GalleryKey) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM galleries WHERE client_id = ? AND gallery_id = ?", gallery
    ).fetchone()
    return row

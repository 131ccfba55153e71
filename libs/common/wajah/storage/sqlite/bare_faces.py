"""Faces of files that were written before templates were encrypted."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from wajah.contracts.types import GalleryKey
from wajah.storage.ports import SealedFace
from wajah.storage.sqlite.database import Database
from wajah.storage.sqlite.faces import face_of

# A bare template is whole float32 values, a sealed one never is: see `wajah.security.template_encryption`.
_SOME: Final = """
SELECT faces.*, client_id, gallery_id FROM faces JOIN galleries ON galleries.number = faces.gallery
WHERE length(template) % 4 = 0 LIMIT ?
"""
_RESEAL: Final = """
UPDATE faces SET template = ? WHERE user_id = ? AND template = ?
AND gallery = (SELECT number FROM galleries WHERE client_id = ? AND gallery_id = ?)
"""


class SqliteBareFaces:
    """`wajah.storage.ports.BareFaces`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def some(self, *, limit: int = 1000) -> list[SealedFace]:
        def work(connection: sqlite3.Connection) -> list[SealedFace]:
            rows = connection.execute(_SOME, (limit,))
            return [face_of(GalleryKey(row["client_id"], row["gallery_id"]), row) for row in rows]

        return await self._database.read(work)

    async def reseal(self, faces: Sequence[tuple[SealedFace, bytes]]) -> None:
        rows = [(sealed, face.user_id, face.template, *face.gallery) for face, sealed in faces]
        await self._database.write(lambda connection: connection.executemany(_RESEAL, rows))
        await self._database.forget()

"""Which clients deregistered, and their erasure, in SQLite."""

import sqlite3
from datetime import datetime
from typing import Final

from wajah.storage.ports import NotRegistered
from wajah.storage.sqlite.database import Database

FACES_A_STEP: Final = 2000  # some 20 ms: other writes wait no longer


_TABLES: Final = (
    "galleries",
    "data_keys",
    "tokens",
    "api_keys",
    "institutions",
    "institution_keys",
    "upstream_calls",
    "clients",
    "deregistrations",
)


class SqliteRegistrations:
    """`wajah.storage.ports.Registrations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self, client_id: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            _require(connection, client_id)
            connection.execute("DELETE FROM deregistrations WHERE client_id = ?", (client_id,))

        await self._database.write(work)

    async def deregister(self, client_id: str, at: datetime) -> None:
        def work(connection: sqlite3.Connection) -> None:
            _require(connection, client_id)
            connection.execute(
                "INSERT INTO deregistrations (client_id, at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (client_id, at.timestamp()),
            )

        await self._database.write(work)

    async def due(self, before: datetime) -> list[str]:
        def work(connection: sqlite3.Connection) -> list[str]:
            rows = connection.execute(
                "SELECT client_id FROM deregistrations WHERE erasing OR at < ? ORDER BY at", (before.timestamp(),)
            )
            return [row["client_id"] for row in rows]

        return await self._database.read(work)

    async def erase(self, client_id: str, *, before: datetime | None = None) -> bool:
        """Faces go some at a time, lest other writes wait for all of them; the account goes last."""
        if not await self._database.write(lambda connection: _begin(connection, client_id, before)):
            return False
        while await self._database.write(lambda connection: _erase_faces(connection, client_id)):
            pass
        await self._database.write(lambda connection: _end(connection, client_id))
        await self._database.forget()
        return True


def _require(connection: sqlite3.Connection, client_id: str) -> None:
    """Raises NotRegistered for a client that is unknown or being erased."""
    erasing = connection.execute(
        "SELECT erasing FROM clients LEFT JOIN deregistrations USING (client_id) WHERE client_id = ?", (client_id,)
    ).fetchone()
    if erasing is None or erasing["erasing"]:
        raise NotRegistered


def _begin(connection: sqlite3.Connection, client_id: str, before: datetime | None) -> bool:
    if before is None:
        connection.execute(
            "INSERT INTO deregistrations SELECT client_id, 0, 1 FROM clients WHERE client_id = ? "
            "ON CONFLICT DO UPDATE SET erasing = 1",
            (client_id,),
        )
    else:
        connection.execute(
            "UPDATE deregistrations SET erasing = 1 WHERE client_id = ? AND at < ?", (client_id, before.timestamp())
        )
    begun = connection.execute("SELECT 1 FROM deregistrations WHERE client_id = ? AND erasing", (client_id,)).fetchone()
    if begun is None:
        return False
    for table in ("data_keys", "tokens"):
        connection.execute(f"DELETE FROM {table} WHERE client_id = ?", (client_id,))  # noqa: S608 - a table's name
    connection.execute("UPDATE clients SET n_face = 0, n_facegallery = 0 WHERE client_id = ?", (client_id,))
    return True


def _erase_faces(connection: sqlite3.Connection, client_id: str) -> bool:
    """Whether there were any left."""
    gone = connection.execute(
        "DELETE FROM faces WHERE number IN (SELECT faces.number FROM faces "
        "JOIN galleries ON galleries.number = faces.gallery WHERE client_id = ? LIMIT ?)",
        (client_id, FACES_A_STEP),
    )
    return gone.rowcount > 0


def _end(connection: sqlite3.Connection, client_id: str) -> None:
    """Also what jobs under way wrote since the last step: after this none of them finds its gallery."""
    of_client = "gallery IN (SELECT number FROM galleries WHERE client_id = ?)"
    for table in ("faces", "changes"):
        connection.execute(f"DELETE FROM {table} WHERE {of_client}", (client_id,))  # noqa: S608 - a table's name
    for table in _TABLES:
        connection.execute(f"DELETE FROM {table} WHERE client_id = ?", (client_id,))  # noqa: S608 - a table's name

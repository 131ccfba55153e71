"""The civil register, in SQLite."""

import sqlite3
from datetime import date

from wajah.storage.civilians import Civilian
from wajah.storage.sqlite.database import Database


class SqliteCivilians:
    """`wajah.storage.civilians.Civilians`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, civilian: Civilian) -> None:
        row = (civilian.nik, civilian.name, civilian.birth_date.isoformat())

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO civilians VALUES (?, ?, ?)", row)

        await self._database.write(work)

    async def get(self, nik: str) -> Civilian | None:
        def work(connection: sqlite3.Connection) -> sqlite3.Row | None:
            row: sqlite3.Row | None = connection.execute("SELECT * FROM civilians WHERE nik = ?", (nik,)).fetchone()
            return row

        row = await self._database.read(work)
        return None if row is None else Civilian(row["nik"], row["name"], date.fromisoformat(row["birth_date"]))

    async def remove(self, nik: str) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            return connection.execute("DELETE FROM civilians WHERE nik = ?", (nik,)).rowcount > 0

        return await self._database.write(work)

    async def count(self) -> int:
        def work(connection: sqlite3.Connection) -> int:
            return int(connection.execute("SELECT count(*) FROM civilians").fetchone()[0])

        return await self._database.read(work)

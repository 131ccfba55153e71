"""The clients' encrypted data keys, in SQLite."""

import sqlite3

from wajah.security.template_encryption import WrappedKey
from wajah.storage.sqlite.database import Database


class SqliteDataKeys:
    """`wajah.storage.ports.DataKeys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, client_id: str) -> WrappedKey | None:
        return await self._database.read(lambda connection: _find(connection, client_id))

    async def add(self, key: WrappedKey) -> WrappedKey:
        def work(connection: sqlite3.Connection) -> WrappedKey:
            connection.execute(
                "INSERT INTO data_keys VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (key.client_id, key.key_id, key.kek_id, key.wrapped),
            )
            return _find(connection, key.client_id) or key

        return await self._database.write(work)

    async def list(self) -> list[WrappedKey]:
        def work(connection: sqlite3.Connection) -> list[WrappedKey]:
            return [_key(row) for row in connection.execute("SELECT * FROM data_keys ORDER BY client_id")]

        return await self._database.read(work)

    async def replace(self, before: WrappedKey, after: WrappedKey) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            replaced = connection.execute(
                "UPDATE data_keys SET kek_id = ?, wrapped = ? WHERE client_id = ? AND wrapped = ?",
                (after.kek_id, after.wrapped, before.client_id, before.wrapped),
            )
            return replaced.rowcount > 0

        return await self._database.write(work)


def _find(connection: sqlite3.Connection, client_id: str) -> WrappedKey | None:
    row = connection.execute("SELECT * FROM data_keys WHERE client_id = ?", (client_id,)).fetchone()
    return None if row is None else _key(row)


def _key(row: sqlite3.Row) -> WrappedKey:
    return WrappedKey(row["client_id"], row["key_id"], row["kek_id"], row["wrapped"])

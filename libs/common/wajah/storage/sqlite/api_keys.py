"""API keys, in SQLite."""

import sqlite3
from datetime import UTC, datetime
from typing import Final

from wajah.contracts.errors import Code, WajahError
from wajah.storage.ports import Api, ApiKey, NotRegistered, Quota
from wajah.storage.sqlite.database import Database
from wajah.storage.sqlite.quotas import take

_HOLDER: Final = """
SELECT api_keys.*, n_api_hits, at AS deregistered_at
FROM api_keys JOIN clients USING (client_id) LEFT JOIN deregistrations USING (client_id)
WHERE sha256 = ? AND api = ?
"""


class SqliteApiKeys:
    """`wajah.storage.ports.ApiKeys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: ApiKey, key_sha256: bytes) -> None:
        def work(connection: sqlite3.Connection) -> None:
            if connection.execute("SELECT 1 FROM clients WHERE client_id = ?", (key.client_id,)).fetchone() is None:
                raise NotRegistered
            connection.execute(
                "INSERT OR REPLACE INTO api_keys VALUES (?, ?, ?, ?, ?, ?)",
                (key_sha256, key.client_id, key.api, key.prefix, key.collection, key.created_at.timestamp()),
            )

        await self._database.write(work)

    async def list(self, client_id: str) -> list[ApiKey]:
        def work(connection: sqlite3.Connection) -> list[ApiKey]:
            rows = connection.execute("SELECT * FROM api_keys WHERE client_id = ? ORDER BY created_at, rowid", (client_id,))
            return [_key(row) for row in rows]

        return await self._database.read(work)

    async def revoke(self, client_id: str, prefix: str) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            gone = connection.execute("DELETE FROM api_keys WHERE client_id = ? AND prefix = ?", (client_id, prefix))
            return gone.rowcount > 0

        return await self._database.write(work)

    async def authorise(self, key_sha256: bytes, api: Api, *, hits: int) -> ApiKey:
        """Where hits are unlimited nothing is written: the answer costs one read."""

        def look(connection: sqlite3.Connection) -> sqlite3.Row:
            row: sqlite3.Row | None = connection.execute(_HOLDER, (key_sha256, api)).fetchone()
            if row is None:
                raise WajahError(Code.UNAUTHORIZED)
            if row["deregistered_at"] is not None:
                raise NotRegistered
            return row

        def look_and_take(connection: sqlite3.Connection) -> sqlite3.Row:
            row = look(connection)
            take(connection, row["client_id"], Quota.HITS, hits)
            return row

        row = await self._database.read(look)
        if row["n_api_hits"] is not None:
            row = await self._database.write(look_and_take)
        return _key(row)


def _key(row: sqlite3.Row) -> ApiKey:
    return ApiKey(
        client_id=row["client_id"],
        api=Api(row["api"]),
        prefix=row["prefix"],
        collection=row["collection"],
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
    )

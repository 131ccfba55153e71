"""Clients, their quotas and their tokens, in SQLite."""

import sqlite3
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from wajah.contracts.errors import Code, WajahError
from wajah.storage.ports import TOKENS_KEPT, Client, ClientExists, NotRegistered, Quota
from wajah.storage.sqlite.database import Database
from wajah.storage.sqlite.quotas import holdings, take

_CLIENTS: Final = "SELECT clients.*, at AS deregistered_at FROM clients LEFT JOIN deregistrations USING (client_id)"
_HOLDER: Final = f"{_CLIENTS} JOIN tokens USING (client_id) WHERE sha256 = ? AND (expires_at IS NULL OR expires_at > ?)"

_OUTNUMBERED = """
DELETE FROM tokens WHERE client_id = ? AND sha256 NOT IN (
    SELECT sha256 FROM tokens WHERE client_id = ? ORDER BY expires_at IS NULL DESC, expires_at DESC, rowid DESC LIMIT ?
)
"""


class SqliteClients:
    """`wajah.storage.ports.Clients`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, client: Client) -> None:
        def work(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(
                    "INSERT INTO clients VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        client.client_id,
                        client.password_hash,
                        *(client.remaining.get(quota) for quota in (Quota.HITS, Quota.FACES, Quota.GALLERIES)),
                        client.created_at.timestamp(),
                    ),
                )
            except sqlite3.IntegrityError:
                raise ClientExists from None

        await self._database.write(work)

    async def get(self, client_id: str) -> Client | None:
        def work(connection: sqlite3.Connection) -> Client | None:
            row = connection.execute(f"{_CLIENTS} WHERE client_id = ?", (client_id,)).fetchone()
            return None if row is None else _client(row)

        return await self._database.read(work)

    async def list(self) -> list[Client]:
        def work(connection: sqlite3.Connection) -> list[Client]:
            return [_client(row) for row in connection.execute(f"{_CLIENTS} ORDER BY client_id")]

        return await self._database.read(work)

    async def authorise(self, token_sha256: bytes, *, hits: int, deregistered: bool = False) -> Client:
        """Where there are no hits to take, or no limit to them, nothing is written: the answer costs one read."""

        def look(connection: sqlite3.Connection) -> Client:
            row = connection.execute(_HOLDER, (token_sha256, time.time())).fetchone()
            if row is None:
                raise WajahError(Code.UNAUTHORIZED)
            if row["deregistered_at"] is not None and not deregistered:
                raise NotRegistered
            return _client(row)

        def look_and_take(connection: sqlite3.Connection) -> Client:
            client = look(connection)
            take(connection, client.client_id, Quota.HITS, hits)
            return look(connection)

        client = await self._database.read(look)
        if not hits or client.remaining[Quota.HITS] is None:
            return client
        return await self._database.write(look_and_take)

    async def limit(self, client_id: str, limits: Mapping[Quota, int | None]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            held = holdings(connection, client_id)
            for quota, limit in limits.items():
                left = None if limit is None else limit - held.get(quota, 0)
                known = connection.execute(
                    f"UPDATE clients SET {quota.value} = ? WHERE client_id = ?",  # noqa: S608 - a column's name
                    (left, client_id),
                )
                if not known.rowcount:
                    raise NotRegistered

        await self._database.write(work)

    async def holdings(self, client_id: str) -> dict[Quota, int]:
        return await self._database.read(lambda connection: holdings(connection, client_id))


class SqliteTokens:
    """`wajah.storage.ports.Tokens`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, client_id: str, token_sha256: bytes, expires_at: datetime | None) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM tokens WHERE expires_at <= ?", (time.time(),))
            connection.execute(_OUTNUMBERED, (client_id, client_id, TOKENS_KEPT - 1))
            connection.execute(
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?)",
                (token_sha256, client_id, None if expires_at is None else expires_at.timestamp()),
            )

        await self._database.write(work)

    async def revoke(self, client_id: str, token_sha256: bytes) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            gone = connection.execute("DELETE FROM tokens WHERE sha256 = ? AND client_id = ?", (token_sha256, client_id))
            return gone.rowcount > 0

        return await self._database.write(work)


def _client(row: sqlite3.Row) -> Client:
    deregistered_at = row["deregistered_at"]
    return Client(
        client_id=row["client_id"],
        password_hash=row["password_hash"],
        remaining={quota: row[quota.value] for quota in Quota},
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
        deregistered_at=None if deregistered_at is None else datetime.fromtimestamp(deregistered_at, UTC),
    )

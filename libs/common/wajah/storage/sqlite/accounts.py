"""Clients, their quotas and their tokens, in SQLite."""

import sqlite3
import time
from datetime import UTC, datetime

from wajah.contracts.errors import Code, WajahError
from wajah.storage.ports import Client, ClientExists, Quota, QuotaUsedUp
from wajah.storage.sqlite.database import Database

_HOLDER = """
SELECT clients.* FROM tokens JOIN clients USING (client_id)
WHERE sha256 = ? AND (expires_at IS NULL OR expires_at > ?)
"""


class SqliteClients:
    """`wajah.storage.ports.Clients`. In the file a quota without limit is NULL, and NULL less one is NULL."""

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
            row = connection.execute("SELECT * FROM clients WHERE client_id = ?", (client_id,)).fetchone()
            return None if row is None else _client(row)

        return await self._database.read(work)

    async def authorise(self, token_sha256: bytes, *, hits: int) -> Client:
        """Where hits are unlimited nothing is written: the answer costs one read."""

        def look(connection: sqlite3.Connection) -> Client:
            row = connection.execute(_HOLDER, (token_sha256, time.time())).fetchone()
            if row is None:
                raise WajahError(Code.UNAUTHORIZED)
            return _client(row)

        def look_and_take(connection: sqlite3.Connection) -> Client:
            client = look(connection)
            _take(connection, client.client_id, Quota.HITS, hits)
            return look(connection)

        client = await self._database.read(look)
        if client.remaining[Quota.HITS] is None:
            return client
        return await self._database.write(look_and_take)

    async def take(self, client_id: str, quota: Quota, amount: int = 1) -> None:
        await self._database.write(lambda connection: _take(connection, client_id, quota, amount))

    async def give_back(self, client_id: str, quota: Quota, amount: int = 1) -> None:
        await self._database.write(
            lambda connection: connection.execute(
                f"UPDATE clients SET {quota.value} = {quota.value} + ? WHERE client_id = ?",  # noqa: S608 - a column's name
                (amount, client_id),
            )
        )


class SqliteTokens:
    """`wajah.storage.ports.Tokens`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, client_id: str, token_sha256: bytes, expires_at: datetime | None) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM tokens WHERE expires_at <= ?", (time.time(),))
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


def _take(connection: sqlite3.Connection, client_id: str, quota: Quota, amount: int) -> None:
    column = quota.value
    taken = connection.execute(
        f"UPDATE clients SET {column} = {column} - :amount "  # noqa: S608 - a column's name
        f"WHERE client_id = :client_id AND ({column} IS NULL OR {column} >= :amount)",
        {"amount": amount, "client_id": client_id},
    )
    if not taken.rowcount:
        raise QuotaUsedUp(quota)


def _client(row: sqlite3.Row) -> Client:
    return Client(
        client_id=row["client_id"],
        password_hash=row["password_hash"],
        remaining={quota: row[quota.value] for quota in Quota},
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
    )

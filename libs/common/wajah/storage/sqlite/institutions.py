"""The institutions of the Dukcapil FR API and their keys, in SQLite."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from wajah.storage.institutions import (
    DailyQuotaUsedUp,
    Institution,
    InstitutionExists,
    InstitutionKey,
    InstitutionNotFound,
)
from wajah.storage.ports import NotRegistered
from wajah.storage.sqlite.database import Database

_SERVED: Final = """
SELECT institutions.* FROM institutions JOIN clients USING (client_id) LEFT JOIN deregistrations USING (client_id)
WHERE customer_id = ? AND at IS NULL
"""
_ADD: Final = "INSERT INTO institutions VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 0)"
_TAKE: Final = """
UPDATE institutions SET day = max(day, :day), calls = CASE WHEN day < :day THEN 1 ELSE calls + 1 END
WHERE customer_id = :customer_id AND CASE WHEN day < :day THEN 0 ELSE calls END < daily_quota
"""
_LEFT: Final = """
SELECT max(0, daily_quota - CASE WHEN day < :day THEN 0 ELSE calls END) AS calls_left
FROM institutions WHERE customer_id = :customer_id
"""
_ADD_KEY: Final = """
INSERT INTO institution_keys SELECT ?, customer_id, client_id, ?, ?, ? FROM institutions WHERE customer_id = ?
"""


class SqliteInstitutions:
    """`wajah.storage.institutions.Institutions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, institution: Institution) -> None:
        row = (
            institution.customer_id,
            institution.client_id,
            institution.gallery_id,
            institution.user_id,
            institution.password_hash,
            json.dumps(institution.networks),
            institution.daily_quota,
            institution.created_at.timestamp(),
        )

        def work(connection: sqlite3.Connection) -> None:
            if connection.execute("SELECT 1 FROM clients WHERE client_id = ?", (institution.client_id,)).fetchone() is None:
                raise NotRegistered
            try:
                connection.execute(_ADD, row)
            except sqlite3.IntegrityError:
                raise InstitutionExists from None

        await self._database.write(work)

    async def get(self, customer_id: str) -> Institution | None:
        def work(connection: sqlite3.Connection) -> Institution | None:
            row = connection.execute(_SERVED, (customer_id,)).fetchone()
            return None if row is None else _institution(row)

        return await self._database.read(work)

    async def list(self) -> list[Institution]:
        def work(connection: sqlite3.Connection) -> list[Institution]:
            return [_institution(row) for row in connection.execute("SELECT * FROM institutions ORDER BY customer_id")]

        return await self._database.read(work)

    async def change(
        self,
        customer_id: str,
        *,
        networks: Sequence[str] | None = None,
        daily_quota: int | None = None,
        password_hash: str | None = None,
    ) -> None:
        parameters = (None if networks is None else json.dumps(networks), daily_quota, password_hash, customer_id)

        def work(connection: sqlite3.Connection) -> None:
            changed = connection.execute(
                "UPDATE institutions SET networks = coalesce(?, networks), daily_quota = coalesce(?, daily_quota), "
                "password_hash = coalesce(?, password_hash) WHERE customer_id = ?",
                parameters,
            )
            if not changed.rowcount:
                raise InstitutionNotFound

        await self._database.write(work)

    async def remove(self, customer_id: str) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM institution_keys WHERE customer_id = ?", (customer_id,))
            return connection.execute("DELETE FROM institutions WHERE customer_id = ?", (customer_id,)).rowcount > 0

        return await self._database.write(work)

    async def take(self, customer_id: str, day: date) -> int:
        parameters = {"customer_id": customer_id, "day": day.isoformat()}

        def work(connection: sqlite3.Connection) -> int:
            taken = connection.execute(_TAKE, parameters).rowcount
            left = _left(connection, parameters)
            if not taken:
                raise DailyQuotaUsedUp
            return left

        return await self._database.write(work)

    async def left(self, customer_id: str, day: date) -> int:
        parameters = {"customer_id": customer_id, "day": day.isoformat()}
        return await self._database.read(lambda connection: _left(connection, parameters))


class SqliteInstitutionKeys:
    """`wajah.storage.institutions.InstitutionKeys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: InstitutionKey, *, others_end_at: datetime) -> None:
        others = (others_end_at.timestamp(), key.customer_id, others_end_at.timestamp())
        ends_at = None if key.ends_at is None else key.ends_at.timestamp()
        row = (key.fingerprint, key.private, key.created_at.timestamp(), ends_at, key.customer_id)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM institution_keys WHERE customer_id = ? AND ends_at <= ?",
                (key.customer_id, key.created_at.timestamp()),
            )
            connection.execute(
                "UPDATE institution_keys SET ends_at = ? WHERE customer_id = ? AND (ends_at IS NULL OR ends_at > ?)", others
            )
            if not connection.execute(_ADD_KEY, row).rowcount:
                raise InstitutionNotFound

        await self._database.write(work)

    async def list(self, customer_id: str) -> list[InstitutionKey]:
        def work(connection: sqlite3.Connection) -> list[InstitutionKey]:
            rows = connection.execute(
                "SELECT * FROM institution_keys WHERE customer_id = ? ORDER BY created_at DESC, rowid DESC", (customer_id,)
            )
            return [_key(row) for row in rows]

        return await self._database.read(work)


def _left(connection: sqlite3.Connection, parameters: dict[str, str]) -> int:
    """Raises InstitutionNotFound."""
    row = connection.execute(_LEFT, parameters).fetchone()
    if row is None:
        raise InstitutionNotFound
    return int(row["calls_left"])


def _institution(row: sqlite3.Row) -> Institution:
    return Institution(
        customer_id=row["customer_id"],
        client_id=row["client_id"],
        gallery_id=row["gallery_id"],
        user_id=row["user_id"],
        password_hash=row["password_hash"],
        networks=tuple(json.loads(row["networks"])),
        daily_quota=row["daily_quota"],
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
    )


def _key(row: sqlite3.Row) -> InstitutionKey:
    return InstitutionKey(
        fingerprint=row["fingerprint"],
        customer_id=row["customer_id"],
        client_id=row["client_id"],
        private=row["private"],
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
        ends_at=None if row["ends_at"] is None else datetime.fromtimestamp(row["ends_at"], UTC),
    )

"""Transaction records and registered models, in SQLite."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from wajah.contracts.errors import Code
from wajah.contracts.models import FaceModel
from wajah.contracts.quality import Quality
from wajah.storage.ports import Transaction
from wajah.storage.sqlite.database import Database

_INSERT = """
INSERT OR IGNORE INTO transactions
    (job_id, job, client_id, trx_id, code, gallery_id, user_id, similarity, model_id, timings_ms, at, quality)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FORGET: Final = (
    "DELETE FROM transactions WHERE number IN (SELECT number FROM transactions WHERE at < ? ORDER BY at LIMIT ?)"
)
RECORDS_A_STEP: Final = 2000  # some 20 ms: other writes wait no longer


class SqliteTransactions:
    """`wajah.storage.ports.Transactions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, transactions: Sequence[Transaction]) -> None:
        rows = [
            (
                each.job_id,
                each.job,
                each.client_id,
                each.trx_id,
                each.code.value,
                each.gallery_id,
                each.user_id,
                each.similarity,
                each.model_id,
                json.dumps(each.timings_ms),
                each.at.timestamp(),
                None if each.quality is None else each.quality.model_dump_json(),
            )
            for each in transactions
        ]
        await self._database.write(lambda connection: connection.executemany(_INSERT, rows))

    async def find(
        self,
        client_id: str | None = None,
        *,
        trx_id: str | None = None,
        user_id: str | None = None,
        code: Code | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Transaction]:
        asked = {
            "client_id = ?": client_id,
            "trx_id = ?": trx_id,
            "user_id = ?": user_id,
            "code = ?": None if code is None else code.value,
            "at >= ?": None if since is None else since.timestamp(),
            "at < ?": None if until is None else until.timestamp(),
        }
        conditions = {condition: value for condition, value in asked.items() if value is not None}
        where = " AND ".join(conditions) or "TRUE"

        def work(connection: sqlite3.Connection) -> list[Transaction]:
            rows = connection.execute(
                f"SELECT * FROM transactions WHERE {where} ORDER BY at DESC, number DESC LIMIT ?",  # noqa: S608 - marks only
                (*conditions.values(), limit),
            )
            return [_transaction(row) for row in rows]

        return await self._database.read(work)

    async def forget(self, before: datetime) -> int:
        def step(connection: sqlite3.Connection) -> int:
            return connection.execute(_FORGET, (before.timestamp(), RECORDS_A_STEP)).rowcount

        count = 0
        while gone := await self._database.write(step):
            count += gone
        return count

    async def disown(self, client_id: str, user_id: str) -> int:
        disowned = await self._database.write(
            lambda connection: (
                connection.execute(
                    "UPDATE transactions SET user_id = NULL WHERE client_id = ? AND user_id = ?", (client_id, user_id)
                ).rowcount
            )
        )
        await self._database.forget()
        return disowned


class SqliteModels:
    """`wajah.storage.ports.Models`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self, model: FaceModel) -> None:
        await self._database.write(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO models VALUES (?, ?)", (model.model_id, model.model_dump_json())
            )
        )

    async def get(self, model_id: str) -> FaceModel | None:
        def work(connection: sqlite3.Connection) -> FaceModel | None:
            row = connection.execute("SELECT model FROM models WHERE model_id = ?", (model_id,)).fetchone()
            return None if row is None else FaceModel.model_validate_json(row["model"])

        return await self._database.read(work)


def _transaction(row: sqlite3.Row) -> Transaction:
    return Transaction(
        job_id=row["job_id"],
        job=row["job"],
        client_id=row["client_id"],
        trx_id=row["trx_id"],
        code=Code(row["code"]),
        gallery_id=row["gallery_id"],
        user_id=row["user_id"],
        similarity=row["similarity"],
        model_id=row["model_id"],
        timings_ms=json.loads(row["timings_ms"]),
        at=datetime.fromtimestamp(row["at"], UTC),
        quality=None if row["quality"] is None else Quality.model_validate_json(row["quality"]),
    )

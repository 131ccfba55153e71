"""Calls of outside services and what became of them, in SQLite."""

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any, Final

from wajah.contracts.errors import Code
from wajah.contracts.stages import Stage
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import Settlement, UpstreamCall
from wajah.storage.sqlite.database import Database

_INSERT: Final = "INSERT INTO upstream_calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OF_JOB: Final = "SELECT * FROM upstream_calls WHERE job_id = ? AND stage = ?"
_ACCEPTED: Final = """
SELECT * FROM upstream_calls
WHERE client_id = ? AND gallery_id = ? AND user_id = ? AND stage = ? AND code = ? AND settlement IN (?, ?)
ORDER BY begun_at DESC LIMIT 1
"""
_FINISH: Final = """
UPDATE upstream_calls SET settlement = CASE job_id WHEN ? THEN ? ELSE ? END
WHERE client_id = ? AND gallery_id = ? AND user_id = ? AND stage = ? AND code = ? AND settlement IN (?, ?)
"""
_OVERDUE: Final = """
SELECT * FROM upstream_calls WHERE stage = ? AND code = ? AND settlement = ? AND begun_at < ? ORDER BY begun_at LIMIT ?
"""
_FORGET: Final = "DELETE FROM upstream_calls WHERE begun_at < ? AND NOT (code IS ? AND settlement = ?)"
_UNTOLD: Final = (Code.SUCCESS.value, Settlement.OPEN.value, Settlement.RECONCILED.value)


class SqliteUpstreamCalls:
    """`wajah.storage.ports.UpstreamCalls`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, call: UpstreamCall) -> UpstreamCall | None:
        def work(connection: sqlite3.Connection) -> UpstreamCall | None:
            before = _find(connection, call.job_id, call.stage)
            if before is None:
                connection.execute(_INSERT, _row(call))
            return before

        return await self._database.write(work)

    async def end(self, job_id: str, stage: Stage, code: Code, message: str, answer: dict[str, Any] | None) -> None:
        told = None if answer is None else json.dumps(answer)
        await self._database.write(
            lambda connection: connection.execute(
                "UPDATE upstream_calls SET code = ?, message = ?, answer = ? WHERE job_id = ? AND stage = ?",
                (code.value, message, told, job_id, stage.value),
            )
        )

    async def get(self, job_id: str, stage: Stage) -> UpstreamCall | None:
        return await self._database.read(lambda connection: _find(connection, job_id, stage))

    async def accepted(self, gallery: GalleryKey, user_id: str, stage: Stage) -> UpstreamCall | None:
        def work(connection: sqlite3.Connection) -> UpstreamCall | None:
            row = connection.execute(_ACCEPTED, (*gallery, user_id, stage.value, *_UNTOLD)).fetchone()
            return None if row is None else _call(row)

        return await self._database.read(work)

    async def finish(self, job_id: str, gallery: GalleryKey, user_id: str, stage: Stage) -> None:
        outcome = (job_id, Settlement.FINISHED.value, Settlement.SUPERSEDED.value)
        parameters = (*outcome, *gallery, user_id, stage.value, *_UNTOLD)
        await self._database.write(lambda connection: connection.execute(_FINISH, parameters))

    async def settle(self, job_id: str, stage: Stage, settlement: Settlement) -> None:
        await self._database.write(
            lambda connection: connection.execute(
                "UPDATE upstream_calls SET settlement = ? WHERE job_id = ? AND stage = ? AND settlement = ?",
                (settlement.value, job_id, stage.value, Settlement.OPEN.value),
            )
        )

    async def overdue(self, stage: Stage, before: datetime, *, limit: int = 100) -> list[UpstreamCall]:
        parameters = (stage.value, Code.SUCCESS.value, Settlement.OPEN.value, before.timestamp(), limit)
        return await self._database.read(lambda connection: [_call(row) for row in connection.execute(_OVERDUE, parameters)])

    async def forget(self, before: datetime) -> int:
        parameters = (before.timestamp(), Code.SUCCESS.value, Settlement.OPEN.value)
        return await self._database.write(lambda connection: connection.execute(_FORGET, parameters).rowcount)

    async def of_user(self, client_id: str, user_id: str) -> list[UpstreamCall]:
        return await self._database.read(
            lambda connection: [
                _call(row)
                for row in connection.execute(
                    "SELECT * FROM upstream_calls WHERE client_id = ? AND user_id = ? ORDER BY begun_at",
                    (client_id, user_id),
                )
            ]
        )

    async def erase_user(self, client_id: str, user_id: str) -> int:
        erased = await self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM upstream_calls WHERE client_id = ? AND user_id = ?", (client_id, user_id)
                ).rowcount
            )
        )
        await self._database.forget()
        return erased


def _find(connection: sqlite3.Connection, job_id: str, stage: Stage) -> UpstreamCall | None:
    row = connection.execute(_OF_JOB, (job_id, stage.value)).fetchone()
    return None if row is None else _call(row)


def _row(call: UpstreamCall) -> tuple[str | float | None, ...]:
    return (
        call.job_id,
        call.stage.value,
        *call.gallery,
        call.user_id,
        call.user_name,
        call.begun_at.timestamp(),
        None if call.code is None else call.code.value,
        call.message,
        None if call.answer is None else json.dumps(call.answer),
        call.settlement.value,
    )


def _call(row: sqlite3.Row) -> UpstreamCall:
    return UpstreamCall(
        job_id=row["job_id"],
        stage=Stage(row["stage"]),
        gallery=GalleryKey(row["client_id"], row["gallery_id"]),
        user_id=row["user_id"],
        user_name=row["user_name"],
        begun_at=datetime.fromtimestamp(row["begun_at"], UTC),
        code=None if row["code"] is None else Code(row["code"]),
        message=row["message"],
        answer=None if row["answer"] is None else json.loads(row["answer"]),
        settlement=Settlement(row["settlement"]),
    )

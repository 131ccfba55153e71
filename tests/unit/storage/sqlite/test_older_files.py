"""A file that an earlier version wrote is brought up to date when it is opened."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from wajah.contracts.types import GalleryKey
from wajah.storage.sqlite.database import Database
from wajah.storage.sqlite.schema import ADDED_COLUMNS, SCHEMA

GALLERY = GalleryKey("client", "main")


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """As the first version left it, with an enrolled face."""
    path = tmp_path / "wajah.db"
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    connection.execute("INSERT INTO galleries VALUES (1, 'client', 'main', 7, 'a job')")
    template = np.ones(4, "<f4").tobytes()
    now = datetime.now(UTC).timestamp()
    connection.execute("INSERT INTO faces VALUES (1, 1, 'u1', 'One', 'm', ?, 'a job', 0, ?)", (template, now))
    connection.commit()
    connection.close()
    return path


def columns(path: Path, table: str) -> list[str]:
    connection = sqlite3.connect(path)
    found = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    connection.close()
    return found


async def opened(path: Path) -> None:
    database = Database(path)
    await database.start()
    await database.stop()


async def test_what_was_added_since_is_there_and_what_was_stored_stays(older: Path) -> None:
    database = Database(older)
    await database.start()

    row = await database.read(lambda connection: connection.execute("SELECT * FROM faces").fetchone())
    await database.stop()

    assert (row["user_id"], row["masked"], row["quality"]) == ("u1", 0, None)
    assert all(column in columns(older, table) for table, column, _ in ADDED_COLUMNS)


async def test_processes_that_open_it_at_once_change_it_once(older: Path) -> None:
    await asyncio.gather(*(opened(older) for _ in range(6)))
    await opened(older)

    assert columns(older, "faces").count("masked") == 1


async def test_a_new_file_has_the_same_tables(older: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.db"
    await opened(fresh)
    await opened(older)

    assert {table: columns(fresh, table) for table in ("faces", "transactions")} == {
        table: columns(older, table) for table in ("faces", "transactions")
    }


async def test_a_file_of_a_later_version_is_left_alone(older: Path) -> None:
    await opened(older)
    connection = sqlite3.connect(older)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    await opened(older)

    connection = sqlite3.connect(older)
    assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    connection.close()

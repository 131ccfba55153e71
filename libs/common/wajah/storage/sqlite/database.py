"""One SQLite file behind two kinds of threads: one that writes, in groups, and some that read.

Waiting for the disk dominates a durable write. So writes that arrive while one is being made durable share the next commit:
each in its own savepoint, so that a refused one leaves the others alone, and each answered only after the commit.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, NamedTuple, TypeVar

import structlog

from wajah.storage.ports import TIMEOUT_S, StoreUnavailable
from wajah.storage.sqlite.schema import ADDED_COLUMNS, INDEXES_OF_ADDED, SCHEMA

_log = structlog.get_logger(__name__)

T = TypeVar("T")

Work = Callable[[sqlite3.Connection], T]

READERS: Final = 2
GROUP: Final = 64  # a longer group makes its first caller wait for the last
BUSY_TIMEOUT_S: Final = TIMEOUT_S - 1  # another process may be writing: `wajah client add` beside a running platform


class _Write(NamedTuple):
    work: Work[Any]
    done: Future[Any]


class Database:
    """Runs functions on connections to one file. A write that returned is on the disk (WAL, synchronous=FULL)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writes: SimpleQueue[_Write | None] = SimpleQueue()
        self._writer: threading.Thread | None = None
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self._own = threading.local()

    async def start(self) -> None:
        """Create the file, readable by its owner alone, and its tables. Raises StoreUnavailable when it can't be opened."""
        try:
            await asyncio.to_thread(self._create)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable from error
        self._writer = threading.Thread(target=self._write_in_groups, name="sqlite-write", daemon=True)
        self._writer.start()

    async def stop(self) -> None:
        """Return when the writes under way are done."""
        if self._writer is not None:
            self._writes.put(None)
            await asyncio.to_thread(self._writer.join)
            self._writer = None
        await asyncio.to_thread(self._readers.shutdown)

    async def read(self, work: Work[T]) -> T:
        """The result of `work` on a connection for reading, which sees every write that has returned."""
        if self._writer is None:
            raise StoreUnavailable
        return await self._within_time(self._readers.submit(self._read, work))

    async def write(self, work: Work[T]) -> T:
        """The result of `work` once it is durable. What `work` raises undoes it, and is raised here.

        Past the time limit StoreUnavailable is raised, and the write may still happen.
        """
        if self._writer is None:
            raise StoreUnavailable
        done: Future[T] = Future()
        self._writes.put(_Write(work, done))
        return await self._within_time(done)

    async def forget(self) -> None:
        """Empty the log: with `secure_delete` what was erased or overwritten is then nowhere in the files.

        While another process reads what is older this does not go; the log is then emptied with the next erasure, or when
        the last process lets go of the file.
        """
        done = await self.read(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())
        if done["busy"]:
            _log.warning("what was erased is still in the log of the database, which another process reads")

    async def _within_time(self, done: Future[T]) -> T:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await asyncio.wrap_future(done)
        except (TimeoutError, sqlite3.Error) as error:
            raise StoreUnavailable from error

    def _create(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        connection = self._connect()
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(SCHEMA)
        if _add_columns(connection):
            connection.execute("VACUUM")  # what was erased before deletion was secure leaves the file
        connection.executescript(INDEXES_OF_ADDED)
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")  # what is erased is not left in the file
        connection.row_factory = sqlite3.Row
        return connection

    def _read(self, work: Work[T]) -> T:
        if not hasattr(self._own, "connection"):
            self._own.connection = self._connect()
        return work(self._own.connection)

    def _write_in_groups(self) -> None:
        connection = self._connect()
        ended = False
        while not ended:
            group, ended = self._next_group()
            if group:
                _commit(connection, group)
        connection.close()

    def _next_group(self) -> tuple[list[_Write], bool]:
        """The writes that wait, in order, and whether the end has come; waits for the first."""
        group: list[_Write] = []
        write = self._writes.get()
        while write is not None:
            group.append(write)
            if len(group) == GROUP or self._writes.empty():
                return group, False
            write = self._writes.get()
        return group, True


def _add_columns(connection: sqlite3.Connection) -> bool:
    """Whether it was an older file. Several processes may open it at once: one of them changes it, the others wait and find
    it done."""
    connection.execute("BEGIN IMMEDIATE")
    (done,) = connection.execute("PRAGMA user_version").fetchone()
    for table, column, kind in ADDED_COLUMNS[done:]:
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    connection.execute(f"PRAGMA user_version = {max(done, len(ADDED_COLUMNS))}")
    connection.execute("COMMIT")
    return int(done) < len(ADDED_COLUMNS)


def _commit(connection: sqlite3.Connection, group: list[_Write]) -> None:
    outcomes: list[tuple[_Write, Any, BaseException | None]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for write in group:
            outcomes.append((write, *_attempt(connection, write)))
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        outcomes = [(write, None, error) for write in group]
    for write, result, failure in outcomes:
        if not write.done.set_running_or_notify_cancel():
            continue
        if failure is None:
            write.done.set_result(result)
        else:
            write.done.set_exception(failure)


def _attempt(connection: sqlite3.Connection, write: _Write) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT write")
    try:
        result = write.work(connection)
    except Exception as error:
        connection.execute("ROLLBACK TO write")
        connection.execute("RELEASE write")
        return None, error
    connection.execute("RELEASE write")
    return result, None

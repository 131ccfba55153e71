"""A real server of MongoDB's protocol for the tests: `MONGO_URL` where set, Docker where that answers, `mongod` where it is
installed, and else FerretDB, built once from source where Go is.

FerretDB 1 reads, then writes: its updates are not atomic among each other, so no race is settled by it.
"""

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

import pymongo
import pytest
from pymongo.errors import PyMongoError

from tests.servers.reporting import report_not_run

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 30.0
BUILD_TIMEOUT_S: Final = 600  # some two minutes on two cores, once

_SOURCE: Final = Path(__file__).with_name("ferretdb")
_CACHE: Final = Path.home() / ".cache" / "wajah-tests"


class Kind(StrEnum):
    MONGODB = "mongodb"
    FERRETDB = "ferretdb"


class MongoChild:
    """A server of our own in `folder`. It can be killed and started again on the same data."""

    def __init__(self, kind: Kind, program: Path, folder: Path) -> None:
        self.kind = kind
        self._program = program
        self._folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Return when it answers. Raises RuntimeError with the server's last words when it ends instead."""
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        options: dict[Kind, list[str]] = {
            Kind.MONGODB: ["--bind_ip", "127.0.0.1", "--port", str(self.port), "--dbpath", str(data)],
            Kind.FERRETDB: [f"127.0.0.1:{self.port}", str(data)],
        }
        with (self._folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [str(self._program), *options[self.kind]],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        give_up = time.monotonic() + START_TIMEOUT_S
        while not _answers(self.url):
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(
                    f"{self.kind} did not start: {(self._folder / 'output').read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.1)

    def kill(self) -> None:
        """As a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_TIMEOUT_S)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT_S)
            self.kill()


@contextlib.contextmanager
def child_server() -> Iterator[MongoChild]:
    """A server of one's own, to be killed at will; skips the test where none can be had."""
    found = program()
    if found is None:
        report_not_run("what happens when MongoDB dies", "neither mongod nor Go is installed")
        pytest.skip("neither mongod nor Go is installed")
    folder = Path(tempfile.mkdtemp(prefix="wajah-mongodb-"))
    server = MongoChild(*found, folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _shared_server() -> Iterator[str]:
    given = os.environ.get("MONGO_URL")
    if given:
        yield given
        return
    with contextlib.ExitStack() as running:
        try:
            url = running.enter_context(_docker_server())
        except Exception:  # whatever Docker's absence raises
            url = running.enter_context(child_server()).url
        yield url


@pytest.fixture(scope="session")
def _mongo_server() -> Iterator[str]:
    with _shared_server() as url:
        yield url


@pytest.fixture
def mongo_url(_mongo_server: str) -> Iterator[str]:
    """The URL of an empty database on a server that the whole session shares, dropped after the test."""
    name = f"wajah-test-{uuid.uuid4().hex[:12]}"
    base, _, options = _mongo_server.partition("?")
    yield f"{base.rstrip('/')}/{name}" + (f"?{options}" if options else "")
    with _client(_mongo_server) as client:
        client.drop_database(name)


@pytest.fixture
def settles_races(_mongo_server: str) -> None:
    """Skips the test where the server's updates are not atomic among each other."""
    if kind_of(_mongo_server) is Kind.FERRETDB:
        report_not_run("races for MongoDB's documents", "FerretDB's updates are not atomic; set MONGO_URL or install mongod")
        pytest.skip("FerretDB settles no races")


def kind_of(url: str) -> Kind:
    with _client(url) as client:
        return Kind.FERRETDB if "ferretdbVersion" in client.admin.command("buildInfo") else Kind.MONGODB


@contextlib.contextmanager
def _docker_server() -> Iterator[str]:
    from testcontainers.community.mongodb import MongoDbContainer

    with MongoDbContainer("mongo:8") as container:
        yield f"{container.get_connection_url()}/?authSource=admin"


def program() -> tuple[Kind, Path] | None:
    """The server to start; None where there is none and none can be built."""
    installed = shutil.which("mongod")
    if installed is not None:
        return Kind.MONGODB, Path(installed)
    built = _built()
    return None if built is None else (Kind.FERRETDB, built)


def _built() -> Path | None:
    """FerretDB's program, built where it is not in the cache."""
    digest = hashlib.sha256(b"".join((_SOURCE / name).read_bytes() for name in ("main.go", "go.mod", "go.sum")))
    program = _CACHE / f"ferretdb-{digest.hexdigest()[:16]}" / "ferretdb"
    if program.exists():
        return program
    go = shutil.which("go")
    if go is None:
        return None
    program.parent.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_name(f"{program.name}.{os.getpid()}")  # two test runs may build at once
    build = [go, "build", "-tags", "ferretdb_no_postgresql", "-ldflags", "-s -w", "-o", str(unfinished), "."]
    try:
        subprocess.run(build, cwd=_SOURCE, check=True, timeout=BUILD_TIMEOUT_S, capture_output=True)
    except (subprocess.SubprocessError, OSError) as error:
        report_not_run("everything over MongoDB", f"FerretDB can't be built ({type(error).__name__})")
        return None
    unfinished.replace(program)
    return program


def _client(url: str, timeout_s: float = 5.0) -> pymongo.MongoClient[dict[str, object]]:
    return pymongo.MongoClient(url, serverSelectionTimeoutMS=int(timeout_s * 1000))


def _answers(url: str) -> bool:
    try:
        with _client(url, timeout_s=0.5) as client:
            client.admin.command("ping")
    except PyMongoError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])

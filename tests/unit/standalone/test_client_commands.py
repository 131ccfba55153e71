"""`wajah client show`, `list`, `limit` and `delete`, as an operator meets them."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from standalone.cli import app
from typer.testing import CliRunner, Result
from wajah.contracts.types import GalleryKey
from wajah.storage.connect import open_store
from wajah.storage.ports import Face, Store

T = TypeVar("T")


def client(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["client", *arguments, "--data", str(data)], input="a password\n")


def told(data: Path, *arguments: str) -> Any:
    result = client(data, *arguments)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def on_store(data: Path, work: Callable[[Store], Awaitable[T]]) -> T:
    async def main() -> T:
        store = open_store(f"sqlite:///{data / 'wajah.db'}")
        await store.start()
        try:
            return await work(store)
        finally:
            await store.stop()

    return asyncio.run(main())


def enrol(data: Path, client_id: str, *user_ids: str) -> None:
    async def work(store: Store) -> None:
        for user_id in user_ids:
            face = Face(
                gallery=GalleryKey(client_id, f"{client_id}@trial"),
                user_id=user_id,
                user_name=user_id,
                model_id="model",
                template=np.ones(4, dtype=np.float32) / 2,
                job_id=uuid.uuid4().hex,
                enrolled_at=datetime.now(UTC),
            )
            await store.faces.enrol(face, replace=False)

    on_store(data, work)


def test_a_client_is_shown_with_what_it_has_and_what_is_left(tmp_path: Path) -> None:
    client(tmp_path, "add", "acme", "--hits", "10", "--faces", "5", "--galleries", "3")
    enrol(tmp_path, "acme", "siti", "budi")

    shown = told(tmp_path, "show", "acme")

    assert (shown["client_id"], shown["deregistered_at"]) == ("acme", None)
    assert shown["remaining"] == {"n_api_hits": 10, "n_face": 3, "n_facegallery": 2}
    assert shown["has"] == {"n_face": 2, "n_facegallery": 1}
    assert shown["limits"] == {"n_face": 5, "n_facegallery": 3}
    assert shown["facegalleries"] == ["acme@trial"]
    assert "password" not in json.dumps(shown)


def test_every_client_is_listed_in_order(tmp_path: Path) -> None:
    assert told(tmp_path, "list") == []
    for name in ("zeta", "acme"):
        client(tmp_path, "add", name)

    assert [each["client_id"] for each in told(tmp_path, "list")] == ["acme", "zeta"]


def test_a_limit_counts_what_is_there_and_the_others_stay(tmp_path: Path) -> None:
    client(tmp_path, "add", "acme", "--hits", "10")
    enrol(tmp_path, "acme", "siti", "budi")

    limited = told(tmp_path, "limit", "acme", "--faces", "3", "--galleries", "1")

    assert limited["remaining"] == {"n_api_hits": 10, "n_face": 1, "n_facegallery": 0}


def test_a_limit_below_what_is_there_leaves_nothing_and_is_kept_when_faces_go(tmp_path: Path) -> None:
    client(tmp_path, "add", "acme")
    enrol(tmp_path, "acme", "siti", "budi", "tuti")
    limited = told(tmp_path, "limit", "acme", "--faces", "1")

    gallery = GalleryKey("acme", "acme@trial")
    on_store(tmp_path, lambda store: store.faces.delete(gallery, "siti", "a job"))
    afterwards = told(tmp_path, "show", "acme")

    assert limited["remaining"]["n_face"] == afterwards["remaining"]["n_face"] == 0
    assert limited["limits"]["n_face"] == afterwards["limits"]["n_face"] == 1


def test_a_limit_can_be_lifted(tmp_path: Path) -> None:
    client(tmp_path, "add", "acme", "--hits", "1", "--faces", "1")

    lifted = told(tmp_path, "limit", "acme", "--hits", "unlimited", "--faces", "unlimited")

    assert lifted["remaining"] == {"n_api_hits": None, "n_face": None, "n_facegallery": None}


@pytest.mark.parametrize("number", ["-1", "many", "1.5", ""])
def test_what_is_no_limit_is_refused(number: str, tmp_path: Path) -> None:
    client(tmp_path, "add", "acme")

    assert client(tmp_path, "limit", "acme", f"--hits={number}").exit_code == 2


def test_a_deleted_client_keeps_what_it_has_until_it_is_purged(tmp_path: Path) -> None:
    client(tmp_path, "add", "acme")
    enrol(tmp_path, "acme", "siti")

    deleted = told(tmp_path, "delete", "acme")
    purged = told(tmp_path, "delete", "acme", "--purge")

    assert deleted["deregistered_at"] is not None
    assert deleted["has"]["n_face"] == 1
    assert purged == {"client_id": "acme", "erased": {"n_face": 1, "n_facegallery": 1}}
    assert told(tmp_path, "list") == []
    assert b"siti" not in b"".join(path.read_bytes() for path in tmp_path.glob("wajah.db*"))


@pytest.mark.parametrize(
    "command", [("show", "none"), ("limit", "none", "--hits", "1"), ("delete", "none"), ("delete", "none", "--purge")]
)
def test_an_unknown_client_is_told_in_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    result = client(tmp_path, *command)

    assert result.exit_code == 1
    assert result.stderr == "no such client\n"

"""`wajah client add`: an account that can sign in at once."""

import asyncio
import json
from pathlib import Path

import pytest
from standalone.cli import app
from typer.testing import CliRunner, Result
from wajah.security.passwords import Passwords
from wajah.storage.connect import open_store
from wajah.storage.ports import Client, Quota


def add(data: Path, *arguments: str, password: str = "") -> Result:
    return CliRunner().invoke(app, ["client", "add", *arguments, "--data", str(data)], input=password)


def stored(data: Path, client_id: str) -> tuple[Client | None, list[str]]:
    async def look() -> tuple[Client | None, list[str]]:
        store = open_store(f"sqlite:///{data / 'wajah.db'}")
        await store.start()
        try:
            return await store.clients.get(client_id), await store.galleries.list(client_id)
        finally:
            await store.stop()

    return asyncio.run(look())


def matches(client: Client | None, password: str) -> bool:
    assert client is not None
    return asyncio.run(Passwords().verify(client.password_hash, password))


def test_a_password_from_standard_input_is_not_shown_again(tmp_path: Path) -> None:
    result = add(tmp_path, "acme", password="a long secret\n")

    assert result.exit_code == 0
    assert "password" not in json.loads(result.stdout)
    assert matches(stored(tmp_path, "acme")[0], "a long secret")


def test_a_generated_password_is_shown_once_and_works(tmp_path: Path) -> None:
    shown = json.loads(add(tmp_path, "acme").stdout)

    assert len(shown["password"]) >= 24
    assert matches(stored(tmp_path, "acme")[0], shown["password"])


def test_a_client_starts_with_its_first_gallery_which_counts(tmp_path: Path) -> None:
    add(tmp_path, "acme", "--galleries", "3", "--hits", "10", "--faces", "5")

    client, galleries = stored(tmp_path, "acme")
    assert galleries == ["acme@trial"]
    assert client is not None
    assert client.remaining == {Quota.HITS: 10, Quota.FACES: 5, Quota.GALLERIES: 2}


def test_limits_that_are_not_given_do_not_exist(tmp_path: Path) -> None:
    add(tmp_path, "acme")

    client, _ = stored(tmp_path, "acme")
    assert client is not None
    assert set(client.remaining.values()) == {None}


def test_a_client_that_exists_is_refused_in_one_line(tmp_path: Path) -> None:
    add(tmp_path, "acme", password="first\n")

    again = add(tmp_path, "acme", password="second\n")

    assert again.exit_code == 1
    assert again.stderr.strip() == "client already exists"
    assert matches(stored(tmp_path, "acme")[0], "first")


@pytest.mark.parametrize("client_id", ["", "x" * 115, "tab\tbed"])
def test_an_unusable_id_is_refused(client_id: str, tmp_path: Path) -> None:
    assert add(tmp_path, client_id).exit_code == 1

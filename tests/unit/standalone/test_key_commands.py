"""`wajah key`: made, listed and revoked from the command line."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from standalone.cli import app
from typer.testing import CliRunner, Result
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.types import SHARED_BLACKLIST
from wajah.security.tokens import sha256_of
from wajah.settings import Settings
from wajah.storage.connect import open_store
from wajah.storage.ports import Api, ApiKey


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A platform with one client."""
    assert CliRunner().invoke(app, ["client", "add", "acme", "--data", str(tmp_path)], input="a password\n").exit_code == 0
    return tmp_path


def key(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["key", *arguments, "--data", str(data)])


def made(data: Path, *arguments: str) -> dict[str, Any]:
    result = key(data, "add", "acme", "--api", "users", *arguments)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def opened_by(data: Path, text: str) -> ApiKey:
    async def look() -> ApiKey:
        store = open_store(Settings(data=data).store_url)
        await store.start()
        try:
            return await store.api_keys.authorise(sha256_of(text), Api.USERS, hits=1)
        finally:
            await store.stop()

    return asyncio.run(look())


def test_a_key_is_shown_once_and_works(data: Path) -> None:
    shown = made(data)

    opened = opened_by(data, shown["key"])

    assert (opened.client_id, opened.api, opened.collection) == ("acme", Api.USERS, "users")
    assert shown["key"].startswith(shown["prefix"])
    assert len(shown["key"]) >= len(shown["prefix"]) + 30
    assert shown["key"] not in key(data, "list", "acme").output


def test_nothing_on_the_disk_holds_the_key(data: Path) -> None:
    shown = made(data)

    kept = b"".join(file.read_bytes() for file in data.iterdir() if file.is_file())

    assert shown["prefix"].encode() in kept
    assert shown["key"].encode() not in kept


def test_keys_are_listed_by_prefix_oldest_first(data: Path) -> None:
    first, second = made(data), made(data, "--collection", "vip")

    listed = json.loads(key(data, "list", "acme").stdout)

    assert [each["prefix"] for each in listed] == [first["prefix"], second["prefix"]]
    assert [each["collection"] for each in listed] == ["users", "vip"]
    assert all(set(each) == {"prefix", "client_id", "api", "collection", "created_at"} for each in listed)


def test_a_revoked_key_opens_nothing(data: Path) -> None:
    shown, other = made(data), made(data)

    assert key(data, "revoke", "acme", shown["prefix"]).exit_code == 0

    with pytest.raises(WajahError) as refusal:
        opened_by(data, shown["key"])
    assert refusal.value.code is Code.UNAUTHORIZED
    assert opened_by(data, other["key"]).prefix == other["prefix"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "nobody", "--api", "users"), "no such client"),
        (("add", SHARED_BLACKLIST.client_id, "--api", "users"), "this client belongs to the platform"),
        (("add", "acme", "--api", "users", "--collection", ""), "a collection is 1 to 120 printable characters"),
        (("add", "acme", "--api", "users", "--collection", "x" * 121), "a collection is 1 to 120 printable characters"),
        (("add", "acme", "--api", "users", "--collection", "a\tb"), "a collection is 1 to 120 printable characters"),
        (("revoke", "acme", "wajah_unknown"), "the client has no such key"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(data: Path, arguments: tuple[str, ...], told: str) -> None:
    result = key(data, *arguments)

    assert (result.exit_code, result.stderr.strip()) == (1, told)


def test_there_are_only_keys_to_an_api(data: Path) -> None:
    assert key(data, "add", "acme").exit_code == 2
    assert key(data, "add", "acme", "--api", "other").exit_code == 2


def test_the_platforms_own_client_cannot_be_added(data: Path) -> None:
    result = CliRunner().invoke(app, ["client", "add", SHARED_BLACKLIST.client_id, "--data", str(data)], input="x\n")

    assert (result.exit_code, result.stderr.strip()) == (1, "client already exists")

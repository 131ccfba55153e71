"""`wajah institution`: institutions and their keys, from the command line."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from standalone.cli import app
from typer.testing import CliRunner, Result
from wajah.security.passwords import Passwords
from wajah.security.rsa_credentials import decrypt, encrypt, fingerprint, load_private_bytes, load_public_pem
from wajah.settings import Settings
from wajah.storage.connect import open_store
from wajah.storage.ports import Store

T = TypeVar("T")

ADD = ("add", "bank-1", "--client", "acme", "--user-id", "bank.user", "--ip", "10.0.0.0/8", "--quota", "100")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A platform with one client."""
    assert CliRunner().invoke(app, ["client", "add", "acme", "--data", str(tmp_path)], input="a password\n").exit_code == 0
    return tmp_path


def institution(data: Path, *arguments: str, password: str = "") -> Result:
    return CliRunner().invoke(app, ["institution", *arguments, "--data", str(data)], input=f"{password}\n")


def done(data: Path, *arguments: str, password: str = "") -> str:
    result = institution(data, *arguments, password=password)
    assert result.exit_code == 0, result.output
    return result.stdout


def listed(data: Path) -> dict[str, Any]:
    (only,) = json.loads(done(data, "list"))
    assert isinstance(only, dict)
    return only


def in_store(data: Path, work: Callable[[Store], Awaitable[T]]) -> T:
    async def main() -> T:
        store = open_store(Settings(data=data).store_url)
        await store.start()
        try:
            return await work(store)
        finally:
            await store.stop()

    return asyncio.run(main())


def opened_by_keys(data: Path, encrypted: str) -> list[str | None]:
    """What each of its private keys makes of a ciphertext, newest first."""
    keys = in_store(data, lambda store: store.institution_keys.list("bank-1"))
    return [decrypt(load_private_bytes(key.private), encrypted) for key in keys]


def knows(data: Path, password: str) -> bool:
    async def work(store: Store) -> bool:
        found = await store.institutions.get("bank-1")
        return found is not None and await Passwords().verify(found.password_hash, password)

    return in_store(data, work)


def test_an_institution_gets_an_account_with_a_key_that_works(data: Path) -> None:
    told = json.loads(done(data, *ADD, "--ip", "192.0.2.1", password="sandi rahasia"))

    public = load_public_pem(told.pop("public_key"))
    assert opened_by_keys(data, encrypt(public, "text")) == ["text"]
    assert told.pop("fingerprint") == fingerprint(public)
    assert told.pop("created_at")
    assert told == {
        "customer_id": "bank-1",
        "client_id": "acme",
        "gallery_id": "acme@trial",
        "user_id": "bank.user",
        "networks": ["10.0.0.0/8", "192.0.2.1/32"],
        "daily_quota": 100,
    }
    assert knows(data, "sandi rahasia")


def test_a_password_is_generated_where_none_is_given_and_shown_once(data: Path) -> None:
    password = json.loads(done(data, *ADD))["password"]

    assert len(password) >= 24
    assert knows(data, password)
    assert password not in done(data, "list")


def test_the_key_is_printed_as_pem_and_stays_the_same(data: Path) -> None:
    told = json.loads(done(data, *ADD))

    assert done(data, "key", "bank-1") == done(data, "key", "bank-1") == told["public_key"]
    assert told["public_key"].startswith("-----BEGIN PUBLIC KEY-----\n")


def test_a_rotated_key_leaves_the_one_of_before_until_the_overlap_ends(data: Path) -> None:
    before = json.loads(done(data, *ADD))["public_key"]

    after = done(data, "key", "bank-1", "--rotate", "--overlap-days", "7")

    assert after == done(data, "key", "bank-1") != before
    assert opened_by_keys(data, encrypt(load_public_pem(before), "a long text"))[1] == "a long text"
    new, old = listed(data)["keys"]
    assert new["fingerprint"] == fingerprint(load_public_pem(after))
    assert (new["ends_at"], old["ends_at"] is None) == (None, False)


def test_private_keys_and_passwords_are_nowhere_on_the_disk_nor_in_a_list(data: Path) -> None:
    done(data, *ADD, password="sandi rahasia")
    (key,) = in_store(data, lambda store: store.institution_keys.list("bank-1"))

    kept = b"".join(file.read_bytes() for file in data.iterdir() if file.is_file())

    assert b"bank-1" in kept
    assert key.private[40:80] not in kept
    assert b"sandi rahasia" not in kept
    assert "PRIVATE" not in done(data, "list")


def test_quota_addresses_and_password_can_be_changed(data: Path) -> None:
    done(data, *ADD, password="before")

    done(data, "quota", "bank-1", "7")
    done(data, "ip", "bank-1", "192.0.2.0/24", "2001:db8::1")
    done(data, "password", "bank-1", password="after")

    now = listed(data)
    assert (now["daily_quota"], now["networks"]) == (7, ["192.0.2.0/24", "2001:db8::1/128"])
    assert (knows(data, "before"), knows(data, "after")) == (False, True)


def test_a_removed_institution_is_gone(data: Path) -> None:
    done(data, *ADD)

    done(data, "remove", "bank-1")

    assert json.loads(done(data, "list")) == []
    assert institution(data, "key", "bank-1").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (ADD, "institution already exists"),
        (("key", "nobody"), "no such institution"),
        (("key", "nobody", "--rotate"), "no such institution"),
        (("quota", "nobody", "1"), "no such institution"),
        (("ip", "nobody", "10.0.0.1"), "no such institution"),
        (("password", "nobody"), "no such institution"),
        (("remove", "nobody"), "no such institution"),
        (("ip", "bank-1", "10.0.0.1/8"), "not an address, nor a network in CIDR whose host bits are 0"),
        (("ip", "bank-1", "somewhere"), "not an address, nor a network in CIDR whose host bits are 0"),
        (("add", "bank-2", "--client", "nobody", *ADD[4:]), "no such client"),
        ((*ADD, "--gallery", "unknown"), "facegallery_id not found"),
        (("add", "", *ADD[2:]), "a customer id is 1 to 120 printable characters, and at most 245 bytes"),
        ((*ADD[:5], "x" * 121, *ADD[6:]), "a user id is 1 to 120 printable characters, and at most 245 bytes"),
        ((*ADD[:5], "界" * 82, *ADD[6:]), "a user id is 1 to 120 printable characters, and at most 245 bytes"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(data: Path, arguments: tuple[str, ...], told: str) -> None:
    done(data, *ADD)

    result = institution(data, *arguments)

    assert (result.exit_code, result.stderr.strip()) == (1, told)

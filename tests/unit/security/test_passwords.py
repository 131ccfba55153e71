"""Passwords are kept as salted Argon2id, and told from wrong ones in one way."""

import pytest
from wajah.security.passwords import MEMORY_KIB, Passwords


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


async def test_a_password_opens_its_own_hash_only(passwords: Passwords) -> None:
    kept = await passwords.hash("correct horse")

    assert await passwords.verify(kept, "correct horse")
    assert not await passwords.verify(kept, "correct horse ")
    assert not await passwords.verify(kept, "")


async def test_a_hash_says_how_it_was_made_and_not_from_what(passwords: Passwords) -> None:
    kept = await passwords.hash("correct horse")

    assert kept.startswith(f"$argon2id$v=19$m={MEMORY_KIB},t=2,p=1$")
    assert "horse" not in kept


async def test_the_same_password_is_never_kept_the_same_way(passwords: Passwords) -> None:
    assert await passwords.hash("twice") != await passwords.hash("twice")


@pytest.mark.parametrize("password", ["", "kata sandi é 李 😀", "x" * 4096])
async def test_any_text_is_a_password(passwords: Passwords, password: str) -> None:
    assert await passwords.verify(await passwords.hash(password), password)


@pytest.mark.parametrize("password", ["", "anything"])
async def test_nobodys_password_is_always_wrong(passwords: Passwords, password: str) -> None:
    assert not await passwords.verify(None, password)


@pytest.mark.parametrize("kept", ["nonsense", "$argon2id$v=19$m=19456,t=2,p=1$broken", "$2b$12$abcdefghijklmnopqrstuv"])
async def test_a_broken_hash_opens_to_nobody(passwords: Passwords, kept: str) -> None:
    assert not await passwords.verify(kept, "anything")

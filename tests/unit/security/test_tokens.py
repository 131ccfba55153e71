"""Access tokens: unguessable, fit for a header, and known by their SHA-256."""

import re

from wajah.security.tokens import TOKEN_BYTES, new_token, sha256_of


def test_a_token_fits_a_header() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", new_token())


def test_tokens_do_not_repeat() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000


def test_a_token_carries_256_bits() -> None:
    assert TOKEN_BYTES * 8 == 256


def test_the_store_knows_a_token_by_its_sha256() -> None:
    assert sha256_of("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

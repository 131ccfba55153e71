"""RSA credentials: what goes in comes out, and what is damaged looks like something wrong."""

import base64
import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from wajah.security.rsa_credentials import (
    KEY_BITS,
    KeyUnfit,
    decrypt,
    encrypt,
    fingerprint,
    load_private_bytes,
    load_public_pem,
    new_private_key,
    private_bytes,
    public_pem,
)

SIZE = KEY_BITS // 8


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return new_private_key()


@pytest.mark.parametrize("text", ["x", "3175031234567890", "sandi rahasia é漢", "x" * (SIZE - 11)])
def test_what_was_encrypted_comes_out(key: RSAPrivateKey, text: str) -> None:
    assert decrypt(key, encrypt(key.public_key(), text)) == text


def test_a_text_is_encrypted_afresh_each_time(key: RSAPrivateKey) -> None:
    assert encrypt(key.public_key(), "x") != encrypt(key.public_key(), "x")


def test_a_text_that_does_not_fit_is_refused(key: RSAPrivateKey) -> None:
    with pytest.raises(ValueError, match="longer"):
        encrypt(key.public_key(), "x" * (SIZE - 10))


def test_line_breaks_in_the_base64_are_passed_over(key: RSAPrivateKey) -> None:
    encoded = encrypt(key.public_key(), "user")

    assert decrypt(key, f" {encoded[:76]}\r\n{encoded[76:]}\n") == "user"


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "no base64",
        "é",
        "\ud800",
        base64.b64encode(b"short").decode(),
        base64.b64encode(b"\xff" * SIZE).decode(),
        base64.b64encode(b"\x00" * SIZE).decode(),
        base64.b64encode(b"\x55" * (SIZE + 1)).decode(),
    ],
)
def test_what_is_no_ciphertext_never_raises(key: RSAPrivateKey, encoded: str) -> None:
    assert decrypt(key, encoded) != "user"


def test_a_damaged_ciphertext_gives_the_same_wrong_answer_again(key: RSAPrivateKey) -> None:
    for _ in range(50):
        damaged = base64.b64encode(b"\x00" + os.urandom(SIZE - 1)).decode()

        assert decrypt(key, damaged) == decrypt(key, damaged)


@pytest.mark.parametrize("plain", [b"", b"\xff\xfe", b"a\x00b", b"line\nbreak"])
def test_what_is_no_printable_text_is_none(key: RSAPrivateKey, plain: bytes) -> None:
    padded = b"\x00\x02" + b"\x11" * (SIZE - 3 - len(plain)) + b"\x00" + plain
    numbers = key.public_key().public_numbers()
    ciphertext = pow(int.from_bytes(padded), numbers.e, numbers.n).to_bytes(SIZE)

    assert decrypt(key, base64.b64encode(ciphertext).decode()) is None


def test_another_key_does_not_open_it(key: RSAPrivateKey) -> None:
    assert decrypt(new_private_key(), encrypt(key.public_key(), "a long enough text")) != "a long enough text"


def test_keys_go_through_their_bytes(key: RSAPrivateKey) -> None:
    public, private = load_public_pem(public_pem(key.public_key())), load_private_bytes(private_bytes(key))

    assert decrypt(private, encrypt(public, "user")) == "user"
    assert fingerprint(public) == fingerprint(key.public_key())


def test_openssl_reads_the_pem_encrypts_with_it_and_tells_the_same_fingerprint(key: RSAPrivateKey, tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_text(public_pem(key.public_key()))

    encrypted = subprocess.run(
        ["openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", pem], input=b"user", capture_output=True, check=True
    ).stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", pem, "-outform", "DER"], capture_output=True, check=True
    ).stdout

    assert decrypt(key, base64.b64encode(encrypted).decode()) == "user"
    assert hashlib.sha256(der).hexdigest() == fingerprint(key.public_key())


def test_keys_of_another_kind_or_too_short_are_refused() -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1()).public_key()
    short = generate_private_key(65537, 1024).public_key()
    for pem in (
        "no key",
        elliptic.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        short.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ):
        with pytest.raises(KeyUnfit):
            load_public_pem(pem)
    with pytest.raises(KeyUnfit):
        load_private_bytes(b"no key")

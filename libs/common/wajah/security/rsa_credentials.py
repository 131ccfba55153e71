"""Credentials as the Dukcapil FR API carries them: RSA with PKCS#1 v1.5 padding over UTF-8 text, in standard base64.

Whoever can tell a padding that is right from one that is wrong can decrypt what they have recorded (Bleichenbacher, 1998).
OpenSSL's implicit rejection gives random bytes for a damaged ciphertext, always the same for one ciphertext and key: nothing
says that it was damaged, and what came out is judged as a wrong credential would be.
"""

import base64
import binascii
import hashlib
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_public_key,
)

KEY_BITS: Final = 2048
MIN_KEY_BITS: Final = 2048
EXPONENT: Final = 65537
PADDING_BYTES: Final = 11


class KeyUnfit(Exception):
    """Not an RSA key, or one that is too short; one line that quotes nothing of it."""


def new_private_key() -> RSAPrivateKey:
    """Of `KEY_BITS`; takes some 100 ms, for no event loop."""
    return generate_private_key(EXPONENT, KEY_BITS)


def encrypt(public_key: RSAPublicKey, text: str) -> str:
    """Base64 of the text encrypted; each time another. Raises ValueError for more than the key's bytes less 11."""
    plain = text.encode()
    if len(plain) > public_key.key_size // 8 - PADDING_BYTES:
        raise ValueError("longer than the key can encrypt")
    return base64.b64encode(public_key.encrypt(plain, PKCS1v15())).decode()


def decrypt(private_key: RSAPrivateKey, encoded: str) -> str | None:
    """What came out, where it is printable text; it may be by chance. None for anything else.

    Every text costs one decryption: what is no ciphertext of this key's length has a fixed one in its place.
    """
    plain = _decrypted(private_key, _ciphertext(private_key, encoded))
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        return None
    return text if text and text.isprintable() else None


def fingerprint(public_key: RSAPublicKey) -> str:
    """SHA-256 of the key's SubjectPublicKeyInfo (DER), 64 lower-case hexadecimal digits: what
    `openssl pkey -pubin -outform DER | sha256sum` says of its PEM."""
    return hashlib.sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def public_pem(public_key: RSAPublicKey) -> str:
    """As `openssl_public_encrypt` takes it."""
    return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def load_public_pem(pem: str | bytes) -> RSAPublicKey:
    """Raises KeyUnfit."""
    try:
        key = load_pem_public_key(pem.encode() if isinstance(pem, str) else pem)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyUnfit("not a public key in PEM") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        raise KeyUnfit(f"not an RSA key of at least {MIN_KEY_BITS} bits")
    return key


def private_bytes(private_key: RSAPrivateKey) -> bytes:
    """PKCS#8, DER, not encrypted: for whoever encrypts it, and nobody else."""
    return private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def load_private_bytes(der: bytes) -> RSAPrivateKey:
    """One of ours, which is not checked again: that would cost more than a decryption. Raises KeyUnfit."""
    try:
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnfit("not a private key") from None
    if not isinstance(key, RSAPrivateKey):
        raise KeyUnfit("not an RSA key")
    return key


def _ciphertext(private_key: RSAPrivateKey, encoded: str) -> bytes:
    size, modulus = private_key.key_size // 8, private_key.public_key().public_numbers().n
    substitute = b"\x01" * size  # below every modulus of that length
    try:
        ciphertext = base64.b64decode("".join(encoded.split()).encode(), validate=True)
    except (binascii.Error, ValueError):
        return substitute
    return ciphertext if len(ciphertext) == size and int.from_bytes(ciphertext) < modulus else substitute


def _decrypted(private_key: RSAPrivateKey, ciphertext: bytes) -> bytes:
    try:
        return private_key.decrypt(ciphertext, PKCS1v15())
    except ValueError:  # from an OpenSSL without implicit rejection
        return b""

"""How a template is encrypted at rest: AES-256-GCM under its client's data key, which is kept encrypted under another key.

Sealed: version (1 byte), id of the data key (8), nonce (12), ciphertext, tag (16). Its owner is authenticated with it: a row
that was moved to another user, gallery, client or model does not open. A bare template is a whole number of float32, and a
sealed one never is: so rows of before there was encryption are told apart.
"""

import os
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wajah.contracts.types import GalleryKey

VERSION: Final = b"\x01"
SECRET_BYTES: Final = 32
KEY_ID_BYTES: Final = 8
NONCE_BYTES: Final = 12  # random: a data key may seal 2**32 templates
TAG_BYTES: Final = 16
OVERHEAD_BYTES: Final = len(VERSION) + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES

_HEAD_BYTES: Final = len(VERSION) + KEY_ID_BYTES
_FLOAT_BYTES: Final = 4
_SEPARATOR: Final = b"\x1f"  # not printable: no identifier contains it
_WRAPPING: Final = b"wajah data key"


class WillNotOpen(Exception):
    """Not sealed by this key for this identity, or damaged."""


def identity(gallery: GalleryKey, user_id: str, model_id: str) -> bytes:
    """Whose template it is, of which model."""
    return _SEPARATOR.join(part.encode() for part in (*gallery, user_id, model_id))


def is_sealed(stored: bytes) -> bool:
    """False for a bare template."""
    return len(stored) % _FLOAT_BYTES == OVERHEAD_BYTES % _FLOAT_BYTES


def key_id_of(sealed: bytes) -> bytes:
    """The id of the data key that sealed it."""
    return sealed[len(VERSION) : _HEAD_BYTES]


class DataKey:
    """Seals and opens the templates of one client."""

    def __init__(self, client_id: str, key_id: bytes, secret: bytes) -> None:
        self.client_id = client_id
        self.key_id = key_id
        self._secret = secret
        self._head = VERSION + key_id
        self._cipher = AESGCM(secret)

    @classmethod
    def new(cls, client_id: str) -> Self:
        return cls(client_id, os.urandom(KEY_ID_BYTES), os.urandom(SECRET_BYTES))

    def seal(self, template: bytes, identity: bytes) -> bytes:
        """`OVERHEAD_BYTES` longer than the template."""
        nonce = os.urandom(NONCE_BYTES)
        return self._head + nonce + self._cipher.encrypt(nonce, template, self._head + identity)

    def open(self, sealed: bytes, identity: bytes) -> bytes:
        """Raises WillNotOpen."""
        after_nonce = _HEAD_BYTES + NONCE_BYTES
        if not sealed.startswith(self._head):
            raise WillNotOpen
        try:
            return self._cipher.decrypt(sealed[_HEAD_BYTES:after_nonce], sealed[after_nonce:], self._head + identity)
        except (InvalidTag, ValueError):
            raise WillNotOpen from None

    def wrapped_by(self, kek: "KeyEncryptionKey") -> "WrappedKey":
        return WrappedKey(self.client_id, self.key_id, kek.kek_id, kek.encrypt(self._secret, self._bound()))

    def _bound(self) -> bytes:
        return _bound(self.client_id, self.key_id)


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A client's data key, encrypted under the key-encryption key `kek_id`: what a database keeps of it."""

    client_id: str
    key_id: bytes
    kek_id: str
    wrapped: bytes = field(repr=False)


class KeyEncryptionKey:
    """Encrypts data keys; `secret` has 32 bytes, and never is in the database."""

    def __init__(self, kek_id: str, secret: bytes) -> None:
        self.kek_id = kek_id
        self._cipher = AESGCM(secret)

    def encrypt(self, secret: bytes, bound: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, bound)

    def unwrap(self, key: WrappedKey) -> DataKey:
        """Raises WillNotOpen."""
        nonce, ciphertext = key.wrapped[:NONCE_BYTES], key.wrapped[NONCE_BYTES:]
        try:
            secret = self._cipher.decrypt(nonce, ciphertext, _bound(key.client_id, key.key_id))
        except (InvalidTag, ValueError):
            raise WillNotOpen from None
        return DataKey(key.client_id, key.key_id, secret)


def _bound(client_id: str, key_id: bytes) -> bytes:
    return _SEPARATOR.join((_WRAPPING, client_id.encode(), key_id))

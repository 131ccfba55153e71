"""The institution's account: its credentials leave encrypted, afresh for every call, and with the key that was agreed on."""

import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Self

from pydantic import SecretStr
from wajah.security.rsa_credentials import KeyUnfit, encrypt, fingerprint, load_public_pem

from dukcapil.settings import DukcapilSettings


class Account:
    """`encrypted` makes another ciphertext each time: nothing that was sent can be sent again."""

    def __init__(self, user_id: SecretStr, password: SecretStr, encrypted: Callable[[str], str]) -> None:
        self._user_id = user_id
        self._password = password
        self.encrypted = encrypted

    @classmethod
    def of(cls, settings: DukcapilSettings) -> Self:
        """Raises KeyUnfit where the key is not an RSA key, or not the one that was agreed on; OSError."""
        assert settings.dukcapil_public_key is not None  # settings with a URL have one
        encrypted = pinned(settings.dukcapil_public_key, settings.dukcapil_key_sha256)
        return cls(settings.dukcapil_user_id, settings.dukcapil_password, encrypted)

    def credentials(self) -> dict[str, str]:
        """`user_id` and `password`, encrypted."""
        return {
            "user_id": self.encrypted(self._user_id.get_secret_value()),
            "password": self.encrypted(self._password.get_secret_value()),
        }


def pinned(pem: Path, sha256: str) -> Callable[[str], str]:
    """Encrypts with the key in a PEM file. Raises KeyUnfit for another than that with this fingerprint; OSError."""
    key = load_public_pem(pem.read_bytes())
    if not hmac.compare_digest(fingerprint(key), sha256):
        raise KeyUnfit("the key of Dukcapil is not the one whose fingerprint is set")
    return lambda text: encrypt(key, text)

"""Access tokens: 256 random bits, known to the store only by their SHA-256."""

import hashlib
import secrets
from typing import Final

TOKEN_BYTES: Final = 32


def new_token() -> str:
    """43 URL-safe characters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def sha256_of(token: str) -> bytes:
    """What the store keeps of a token, 32 bytes. A token has full entropy: no salt, no slow hash."""
    return hashlib.sha256(token.encode()).digest()

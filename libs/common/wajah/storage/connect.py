"""Chooses the store by its URL."""

from pathlib import Path
from typing import Final

from wajah.security.key_encryption_keys import KeyEncryptionKeys, KeyFile, NoKeys
from wajah.storage.encrypted_store import EncryptedStore
from wajah.storage.ports import SealedStore
from wajah.storage.sqlite.store import SqliteStore

KEY_FILE: Final = "keys/templates"  # beside a database in a file, readable by its owner alone


def open_store(url: str, keys: KeyEncryptionKeys | None = None) -> EncryptedStore:
    """The store of `sqlite:///path` or of `mongodb[+srv]://host/database`, not started. Raises ValueError for another.

    Without keys, templates are encrypted with those of a file beside a SQLite database, which is made where there is none;
    those in MongoDB are neither read nor written.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/"):
        keys = keys or KeyFile(Path(rest[1:]).parent / KEY_FILE)
    return EncryptedStore(_sealed_store(url, scheme, rest), keys or NoKeys())


def _sealed_store(url: str, scheme: str, rest: str) -> SealedStore:
    if scheme == "sqlite" and rest.startswith("/"):
        return SqliteStore(Path(rest[1:]))
    if scheme in {"mongodb", "mongodb+srv"}:
        from wajah.storage.mongo.store import MongoStore

        return MongoStore(url)
    raise ValueError(f"not a store: {scheme!r}; sqlite:///path or mongodb://host:port/database")

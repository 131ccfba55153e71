"""Chooses the store by its URL."""

from pathlib import Path

from wajah.storage.ports import Store
from wajah.storage.sqlite.store import SqliteStore


def open_store(url: str) -> Store:
    """The store of `sqlite:///path` or of `mongodb[+srv]://host/database`, not started. Raises ValueError for another."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/"):
        return SqliteStore(Path(rest[1:]))
    if scheme in {"mongodb", "mongodb+srv"}:
        from wajah.storage.mongo.store import MongoStore

        return MongoStore(url)
    raise ValueError(f"not a store: {scheme!r}; sqlite:///path or mongodb://host:port/database")

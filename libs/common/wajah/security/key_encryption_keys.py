"""Where key-encryption keys come from: a key file, or the environment. Several may stand at once; the first is current.

Text of both: `ID:BASE64` a line (commas do as well), 32 bytes each; empty lines and lines that begin with # are passed over.
"""

import base64
import binascii
import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from wajah.security.template_encryption import SECRET_BYTES, KeyEncryptionKey

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADER: Final = """\
# The keys that the data keys of face templates are encrypted with; the first is current. Whoever has lost this file has lost
# every enrolled face: keep a copy of it, apart from the copies of the database.
"""


class KeysUnfit(Exception):
    """The keys can't be used, or are not those that the database needs; one line that says what to do."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """`by_id` is in order of the text."""

    current: KeyEncryptionKey
    by_id: Mapping[str, KeyEncryptionKey]


class KeyEncryptionKeys(Protocol):
    """All raise KeysUnfit. They may read a file: not for the event loop."""

    def prepare(self, used: Set[str]) -> None:
        """Be ready for a database whose data keys are encrypted under the keys `used`."""

    def read(self) -> KeySet:
        """Those that there are now."""


class NoKeys:
    """For a process that handles no templates, and so needs no keys."""

    def prepare(self, used: Set[str]) -> None:
        """Nothing is needed."""

    def read(self) -> KeySet:
        raise KeysUnfit("encryption keys: this process has none; set WAJAH_KEYS or WAJAH_KEYS_FILE")


class GivenKeys:
    """Keys from a text, as the environment has it."""

    def __init__(self, text: str, source: str = "WAJAH_KEYS") -> None:
        self._text = text
        self._source = source

    def prepare(self, used: Set[str]) -> None:
        _require(self.read(), used, self._source)

    def read(self) -> KeySet:
        return key_set(self._text, self._source)


class KeyFile:
    """Keys in a file that only its owner may read. It is made for a database that has no keys yet, and read again when it
    changes: a rotation needs no restart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: tuple[tuple[int, int, int], KeySet] | None = None

    def prepare(self, used: Set[str]) -> None:
        if not used and not self.path.exists():
            self._create()
        _require(self.read(), used, str(self.path))

    def read(self) -> KeySet:
        try:
            stat = self.path.stat()
            version = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if self._known is None or self._known[0] != version:
                self._known = version, key_set(self.path.read_text(encoding="utf-8"), str(self.path))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise KeysUnfit(f"encryption keys: {self.path} can't be read: {reason}") from None
        return self._known[1]

    def add(self) -> str:
        """A new key, current from now on; its id is returned."""
        kek_id, line = _new_line()
        with _alone_in(self.path.parent):
            lines = self._lines()
            first = next((number for number, each in enumerate(lines) if _is_key(each)), len(lines))
            self._replace([*lines[:first], line, *lines[first:]])
        return kek_id

    def remove(self, kek_id: str) -> None:
        with _alone_in(self.path.parent):
            self._replace([line for line in self._lines() if line.partition(":")[0].strip() != kek_id])

    def _lines(self) -> list[str]:
        self.read()
        return [part for line in self.path.read_text(encoding="utf-8").splitlines() for part in _parts(line)]

    def _create(self) -> None:
        """Of several processes one makes it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = self._written([*_HEADER.splitlines(), _new_line()[1]])
        try:
            os.link(written, self.path)
        except FileExistsError:
            return
        finally:
            written.unlink()

    def _replace(self, lines: list[str]) -> None:
        self._written(lines).replace(self.path)

    def _written(self, lines: list[str]) -> Path:
        """A file beside it, on the disk."""
        path = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        return path


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Of processes that change files there, one at a time: a key that another one has just added is never lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def key_set(text: str, source: str) -> KeySet:
    """The keys of a text. Raises KeysUnfit, which names the source and never a key."""
    keys: dict[str, KeyEncryptionKey] = {}
    for line in text.splitlines():
        for part in filter(_is_key, _parts(line)):
            kek_id, _, encoded = part.strip().partition(":")
            secret = _decoded(encoded)
            if not _ID.fullmatch(kek_id) or len(secret) != SECRET_BYTES:
                raise KeysUnfit(f"encryption keys: {source} is not ID:BASE64 of {SECRET_BYTES} bytes in each line")
            if kek_id in keys:
                raise KeysUnfit(f"encryption keys: {source} has the key {kek_id!r} twice")
            keys[kek_id] = KeyEncryptionKey(kek_id, secret)
    if not keys:
        raise KeysUnfit(f"encryption keys: {source} holds none")
    return KeySet(next(iter(keys.values())), keys)


def _require(found: KeySet, used: Set[str], source: str) -> None:
    if missing := used - set(found.by_id):
        raise KeysUnfit(
            f"encryption keys: the database needs {', '.join(map(repr, sorted(missing)))}, which {source} does not have: "
            "put back the copy of it that belongs to this database"
        )


def _parts(line: str) -> list[str]:
    return [line] if line.lstrip().startswith("#") else line.split(",")


def _is_key(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _new_line() -> tuple[str, str]:
    kek_id = f"{datetime.now(UTC):%Y-%m-%d}-{secrets.token_hex(3)}"
    return kek_id, f"{kek_id}:{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""

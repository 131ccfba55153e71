"""The platform's own civil register: people out of a table, and their faces out of photographs named after their NIK."""

import contextlib
import csv
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NamedTuple

from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import CreateGallery, DeleteFace, Enrol, GalleryPayload
from wajah.contracts.nik import is_nik
from wajah.contracts.types import CIVIL_REGISTER
from wajah.messaging.caller import Jobs
from wajah.storage.civilians import Civilian
from wajah.storage.ports import Client, ClientExists, Quota, Store

COLUMNS: Final = ("nik", "name", "birth_date")
PHOTOGRAPHS: Final = (".jpg", ".jpeg", ".png")
DATE_FORMAT: Final = "%d-%m-%Y"
DEADLINE_S: Final = 60.0

_NO_PASSWORD: Final = "!"  # noqa: S105 - no hash at all: nothing verifies against it


@dataclass(frozen=True, slots=True)
class Imported:
    """A line of the table, and why it was refused; None where it was not."""

    line: int
    refusal: str | None


class Row(NamedTuple):
    line: int
    fields: dict[str, str | None]


def rows_of(table: Path) -> Iterator[Row]:
    """UTF-8 with a heading. Raises WajahError for another heading, OSError."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            raise WajahError(Code.MALFORMED, f"the table's heading must name {', '.join(COLUMNS)}")
        for fields in reader:
            yield Row(reader.line_num, {name: fields[name] for name in COLUMNS})


class Register:
    """What is imported again is replaced."""

    def __init__(self, jobs: Jobs, store: Store) -> None:
        self._jobs = jobs
        self._store = store

    async def open(self) -> None:
        """Creates it where it doesn't exist yet: a client without a password or limits, and its gallery."""
        owner = Client(CIVIL_REGISTER.client_id, _NO_PASSWORD, dict.fromkeys(Quota), datetime.now(UTC))
        with contextlib.suppress(ClientExists):
            await self._store.clients.add(owner)
        try:
            await self._run(CreateGallery(gallery_id=CIVIL_REGISTER.gallery_id))
        except WajahError as error:
            if error.code is not Code.GALLERY_EXISTS:
                raise

    async def import_table(self, table: Path, photographs: Path) -> AsyncIterator[Imported]:
        """Line by line; one that is refused stops no other. Raises OSError, and WajahError for another heading."""
        for row in rows_of(table):
            try:
                civilian = _civilian(row.fields)
                await self.put(civilian, _photograph(photographs, civilian.nik).read_bytes())
            except WajahError as refusal:
                if refusal.code is Code.BUSY:
                    raise
                yield Imported(row.line, refusal.message)
            else:
                yield Imported(row.line, None)

    async def put(self, civilian: Civilian, photograph: bytes) -> None:
        """Face first: nobody is in the register without one. Raises WajahError 412, 491 or 493 for the photograph."""
        face = Enrol(
            gallery_id=CIVIL_REGISTER.gallery_id,
            user_id=civilian.nik,
            user_name=civilian.name,
            image=photograph,
            force=True,
        )
        await self._run(face)
        await self._store.civilians.put(civilian)

    async def remove(self, nik: str) -> bool:
        """False where there is no such NIK."""
        known = await self._store.civilians.remove(nik)
        try:
            await self._run(DeleteFace(gallery_id=CIVIL_REGISTER.gallery_id, user_id=nik))
        except WajahError as error:
            if error.code not in {Code.USER_NOT_FOUND, Code.GALLERY_NOT_FOUND}:
                raise
        return known

    async def _run(self, payload: GalleryPayload) -> None:
        reply = await self._jobs.run(payload, client_id=CIVIL_REGISTER.client_id, deadline_s=DEADLINE_S)
        if reply.error is not None:
            raise WajahError.from_data(reply.error)


def _civilian(fields: dict[str, str | None]) -> Civilian:
    """Raises WajahError that quotes nothing."""
    nik, name, born = ((fields[column] or "").strip() for column in COLUMNS)
    if not is_nik(nik):
        raise WajahError(Code.MALFORMED, "not a NIK")
    if not name.isprintable() or not name:
        raise WajahError(Code.MALFORMED, "no name")
    return Civilian(nik, name, _date(born))


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, DATE_FORMAT).date()
    except ValueError:
        raise WajahError(Code.MALFORMED, "the birth date is not dd-mm-yyyy") from None


def _photograph(folder: Path, nik: str) -> Path:
    found = next((path for suffix in PHOTOGRAPHS if (path := folder / f"{nik}{suffix}").is_file()), None)
    if found is None:
        raise WajahError(Code.MALFORMED, "no photograph named after the NIK")
    return found

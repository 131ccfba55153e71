"""The civil register: what is imported, what is refused, and what is left of somebody who is removed."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from standalone.register import Register
from wajah.contracts.errors import WajahError
from wajah.contracts.types import CIVIL_REGISTER
from wajah.messaging.caller import Jobs
from wajah.messaging.topology import Topology
from wajah.settings import Settings
from wajah.storage.civilians import Civilian

from tests.faces import pictures
from tests.integration.ingress_server import Platform, platform
from tests.integration.stages import picture

SITI = Civilian("3175035708450001", "St. Nur'aini", date(1945, 8, 17))
AGUS = Civilian("1101010101000001", "Agus", date(2000, 1, 1))


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform(tmp_path) as started:
        yield started


@pytest.fixture
async def register(running: Platform) -> Register:
    register = Register(Jobs(running.bus, Topology(2)), running.store)
    await register.open()
    return register


def line(person: Civilian, **changed: str) -> str:
    fields = {"nik": person.nik, "name": person.name, "birth_date": person.birth_date.strftime("%d-%m-%Y")} | changed
    return ",".join(f'"{value}"' for value in fields.values())


def table_in(folder: Path, *lines: str, heading: str = "nik,name,birth_date") -> Path:
    table = folder / "people.csv"
    table.write_text("\n".join([heading, *lines]) + "\n", encoding="utf-8-sig")
    return table


async def imported(register: Register, folder: Path, *lines: str) -> list[tuple[int, str | None]]:
    return [(each.line, each.refusal) async for each in register.import_table(table_in(folder, *lines), folder)]


async def enrolled(running: Platform) -> list[tuple[str, str]]:
    return await running.store.faces.list(CIVIL_REGISTER)


async def test_people_are_entered_with_their_faces(running: Platform, register: Register, tmp_path: Path) -> None:
    (tmp_path / f"{SITI.nik}.jpg").write_bytes(picture("siti"))
    (tmp_path / f"{AGUS.nik}.png").write_bytes(picture("agus", small=True))

    outcomes = await imported(register, tmp_path, line(SITI), line(AGUS))

    assert outcomes == [(2, None), (3, None)]
    assert await running.store.civilians.get(SITI.nik) == SITI
    assert await enrolled(running) == [(SITI.nik, SITI.name), (AGUS.nik, AGUS.name)]


async def test_a_line_that_is_refused_stops_no_other(running: Platform, register: Register, tmp_path: Path) -> None:
    (tmp_path / f"{SITI.nik}.jpg").write_bytes(picture("siti"))
    faceless = line(AGUS, nik="1101010101000002")
    (tmp_path / "1101010101000002.jpg").write_bytes(picture(None))

    outcomes = await imported(
        register,
        tmp_path,
        line(AGUS, nik="123"),
        line(AGUS, name=" "),
        line(AGUS, birth_date="2000-01-01"),
        line(AGUS),
        faceless,
        "1101010101000001",
        line(SITI),
    )

    assert outcomes == [
        (2, "not a NIK"),
        (3, "no name"),
        (4, "the birth date is not dd-mm-yyyy"),
        (5, "no photograph named after the NIK"),
        (6, "Face not detected"),
        (7, "no name"),
        (8, None),
    ]
    assert await running.store.civilians.count() == 1
    assert await enrolled(running) == [(SITI.nik, SITI.name)]


async def test_what_is_imported_again_is_replaced(running: Platform, register: Register, tmp_path: Path) -> None:
    (tmp_path / f"{SITI.nik}.jpg").write_bytes(picture("siti"))
    await imported(register, tmp_path, line(SITI))
    await register.open()

    await imported(register, tmp_path, line(SITI, name="Siti Nuraini"))

    assert await running.store.civilians.count() == 1
    assert await enrolled(running) == [(SITI.nik, "Siti Nuraini")]


async def test_who_is_removed_leaves_nothing(running: Platform, register: Register, tmp_path: Path) -> None:
    (tmp_path / f"{SITI.nik}.jpg").write_bytes(picture("siti"))
    await imported(register, tmp_path, line(SITI))

    assert await register.remove(SITI.nik)

    assert await running.store.civilians.get(SITI.nik) is None
    assert await enrolled(running) == []
    assert not await register.remove(SITI.nik)


async def test_another_heading_is_refused(register: Register, tmp_path: Path) -> None:
    table = table_in(tmp_path, line(SITI), heading="nik,nama,tgl_lahir")

    with pytest.raises(WajahError, match="heading"):
        _ = [each async for each in register.import_table(table, tmp_path)]


def wajah(store: Path, *arguments: str) -> tuple[int, Any]:
    """The exit status of a command, and the JSON that it printed."""
    result = subprocess.run(
        [sys.executable, "-m", "standalone", *arguments, "--data", str(Settings().data)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "WAJAH_STORE": f"sqlite:///{store / 'wajah.db'}"},
    )
    return result.returncode, json.loads(result.stdout or "null")


def test_the_command_line_imports_and_removes(tmp_path: Path) -> None:
    (tmp_path / f"{SITI.nik}.jpg").write_bytes(next(pictures(1)))
    table = table_in(tmp_path, line(SITI), line(AGUS))

    imports = wajah(tmp_path, "register", "import", str(table), str(tmp_path))
    removed = wajah(tmp_path, "register", "remove", SITI.nik)
    again = wajah(tmp_path, "register", "remove", SITI.nik)

    refused = {"line": 3, "reason": "no photograph named after the NIK"}
    assert imports == (1, {"imported": 1, "refused": [refused]})
    assert (removed, again) == ((0, {"removed": True}), (1, {"removed": False}))


def test_nobody_signs_in_as_the_owner_of_the_register(tmp_path: Path) -> None:
    status, _ = wajah(tmp_path, "client", "add", CIVIL_REGISTER.client_id)

    assert status == 1

"""`wajah subject`: what is held about a person is told, and erased with a receipt."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from standalone.subject import sha256_of
from wajah.contracts.types import SHARED_BLACKLIST, GalleryKey
from wajah.storage.blacklist import entry_of
from wajah.storage.encrypted_store import EncryptedStore
from wajah.storage.ports import Client, Quota

from tests.unit.standalone.held import CLIENT, START, TEMPLATE, face, fill, on, wajah

HEADER_BYTES = 9  # version and key id: the beginning of every sealed template


@pytest.fixture
def data(tmp_path: Path) -> Path:
    on(tmp_path, fill)
    return tmp_path


def told(data: Path, *arguments: str) -> dict[str, Any]:
    result = wajah(data, "subject", *arguments)
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_an_export_tells_everything_that_is_held(data: Path) -> None:
    export = told(data, "export", CLIENT, "siti")

    assert [each["gallery_id"] for each in export["faces"]] == ["staff", "guests"]
    assert export["faces"][0] == {
        "gallery_id": "staff",
        "shared": False,
        "enrolled_at": "2026-03-01T12:00:00+00:00",
        "consent_ref": "form 17",
        "user_name": "name of siti",
        "model_id": "model",
        "masked": False,
        "quality": None,
        "retention_until": "2099-01-01T00:00:00+00:00",
    }
    assert [each["job_id"] for each in export["transactions"]] == ["job 2", "job 1"]
    assert [each["user_name"] for each in export["outside_calls"]] == ["Siti"]


def test_templates_are_told_where_they_are_asked_for(data: Path) -> None:
    export = told(data, "export", CLIENT, "siti", "--templates")

    template = np.frombuffer(base64.b64decode(export["faces"][0]["template"]), "<f4")
    np.testing.assert_array_equal(template, TEMPLATE)


def test_a_face_on_the_shared_blacklist_belongs_to_it(data: Path) -> None:
    async def blacklist(store: EncryptedStore) -> None:
        await store.clients.add(Client(SHARED_BLACKLIST.client_id, "nobody's", dict.fromkeys(Quota), START))
        await store.galleries.create(SHARED_BLACKLIST, "a job")
        entry = entry_of(CLIENT, "siti")
        await store.faces.enrol(face("", entry, gallery=SHARED_BLACKLIST, user_name="siti"), replace=False)

    on(data, blacklist)

    assert [each["shared"] for each in told(data, "export", CLIENT, "siti")["faces"]] == [False, False, True]
    told(data, "erase", CLIENT, "siti")
    assert on(data, lambda store: store.faces.list(SHARED_BLACKLIST)) == []


def test_an_erasure_erases_the_person_and_nobody_else(data: Path) -> None:
    receipt = told(data, "erase", CLIENT, "siti")

    async def left(store: EncryptedStore) -> list[list[tuple[str, str]]]:
        places = [(CLIENT, "staff"), (CLIENT, "guests"), ("other", "staff")]
        return [await store.faces.list(GalleryKey(*place)) for place in places]

    assert [(each["gallery_id"], each["consent_ref"]) for each in receipt["faces"]] == [
        ("staff", "form 17"),
        ("guests", None),
    ]
    assert (receipt["transactions_without_user"], receipt["outside_calls"]) == (2, 1)
    assert on(data, left) == [[("budi", "name of budi")], [], [("siti", "name of siti")]]
    assert wajah(data, "subject", "export", CLIENT, "siti").exit_code == 1
    assert told(data, "export", "other", "siti")["transactions"]


def test_a_receipt_can_be_checked_against_itself_and_against_the_records(data: Path) -> None:
    receipt = told(data, "erase", CLIENT, "siti")

    records = json.loads(wajah(data, "transactions", "--json", "--trx-id", receipt["sha256"]).stdout)

    assert receipt["sha256"] == sha256_of(receipt)
    assert receipt["sha256"] != sha256_of(receipt | {"user_id": "budi"})
    assert [(each["job"], each["job_id"], each["user_id"]) for each in records] == [
        ("subject.erase", receipt["receipt"], None)
    ]


def test_records_of_the_persons_jobs_stay_without_the_person(data: Path) -> None:
    told(data, "erase", CLIENT, "siti")

    records = json.loads(wajah(data, "transactions", "--json", "--client", CLIENT).stdout)

    assert {each["job_id"]: each["user_id"] for each in records if each["job"] == "verify"} == {
        "job 1": None,
        "job 2": None,
        "job 3": "budi",
    }


def test_an_erased_template_is_nowhere_in_the_files(data: Path) -> None:
    async def sealed(store: EncryptedStore) -> bytes:
        return b"\x01" + (await store.ring.current(CLIENT)).key_id

    head = on(data, sealed)
    told(data, "erase", CLIENT, "siti")

    files = b"".join(file.read_bytes() for file in data.glob("wajah.db*"))
    assert len(head) == HEADER_BYTES
    assert files.count(head) == 1, "Budi's alone"


@pytest.mark.parametrize("command", ["export", "erase"])
@pytest.mark.parametrize(
    ("client_id", "user_id", "said"), [(CLIENT, "nobody", "user_id not found"), ("nobody", "siti", "no such client")]
)
def test_who_is_not_held_is_told_in_one_line(data: Path, command: str, client_id: str, user_id: str, said: str) -> None:
    result = wajah(data, "subject", command, client_id, user_id)

    assert result.exit_code == 1
    assert result.stderr.strip() == said

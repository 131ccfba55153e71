"""Consent and retention over HTTP: keys that no client has to send."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import FaceRecord

from tests.integration.ingress_server import CLIENT, Platform, platform
from tests.integration.stages import picture_text

GALLERY = GalleryKey(CLIENT, "staff")


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Platform]:
    async with platform(tmp_path) as started:
        await started.store.galleries.create(GALLERY, "a job")
        yield started


async def enrol(running: Platform, person: str, **more: Any) -> str:
    body = {"user_id": person, "user_name": person, "facegallery_id": "staff", "image": picture_text(person)}
    answer = await running.call("POST", "/face-api/facegallery/enroll-face", body | more)
    assert answer.status_code == 200
    return str(answer.json()["status"])


async def identified(running: Platform, person: str) -> str:
    body = {"facegallery_id": "staff", "image": picture_text(person)}
    answer = await running.call("POST", "/face-api/facegallery/identify-face", body)
    return str(answer.json()["return"][0]["user_id"])


async def held(running: Platform, person: str) -> FaceRecord:
    [record] = await running.store.faces.records(GALLERY, [person])
    return record


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("2099-12-31", datetime(2100, 1, 1, tzinfo=UTC)),
        ("2099-12-31T17:00:00+07:00", datetime(2099, 12, 31, 10, tzinfo=UTC)),
        ("2099-12-31t10:00:00z", datetime(2099, 12, 31, 10, tzinfo=UTC)),
    ],
)
async def test_consent_and_retention_are_kept_with_the_face(running: Platform, said: str, kept: datetime) -> None:
    status = await enrol(running, "siti", consent_ref="form 17/2026", retention_until=said)

    assert status == "200"
    record = await held(running, "siti")
    assert (record.consent_ref, record.retention_until) == ("form 17/2026", kept)


@pytest.mark.parametrize(
    "absent", [{}, {"consent_ref": None, "retention_until": None}, {"consent_ref": "", "retention_until": ""}]
)
async def test_a_client_that_says_nothing_of_them_enrols_as_ever(running: Platform, absent: dict[str, Any]) -> None:
    assert await enrol(running, "siti", **absent) == "200"

    record = await held(running, "siti")
    assert (record.consent_ref, record.retention_until) == (None, None)


@pytest.mark.parametrize(
    "bad",
    [
        {"retention_until": "2020-01-01"},
        {"retention_until": "31/12/2099"},
        {"retention_until": "2099-12-31T10:00:00"},
        {"retention_until": "9999-12-31"},
        {"retention_until": 4102444800},
        {"consent_ref": 17},
        {"consent_ref": "x" * 121},
        {"consent_ref": "two\nlines"},
    ],
)
async def test_what_is_no_consent_or_no_time_to_come_is_refused(running: Platform, bad: dict[str, Any]) -> None:
    assert await enrol(running, "siti", **bad) == "400"
    assert await running.store.faces.records(GALLERY, ["siti"]) == []


async def test_nobody_is_recognised_past_the_retention_and_the_id_is_free_again(running: Platform) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.7)
    await enrol(running, "siti", retention_until=soon.isoformat())

    before = await identified(running, "siti")
    await asyncio.sleep(0.8)
    after = await identified(running, "siti")

    assert (before, after) == ("siti", "unregistered")
    assert await enrol(running, "siti") == "200"
    assert await identified(running, "siti") == "siti"

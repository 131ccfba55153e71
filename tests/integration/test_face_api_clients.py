"""Clients over HTTP: registration, deregistration and what is left of the quotas."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from matcher.registration import erase_deregistered
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import Quota

from tests.integration.face_api_calls import ENDPOINTS
from tests.integration.ingress_server import CLIENT, Platform, add_client, platform
from tests.integration.stages import picture_text

FIRST = f"{CLIENT}@trial"
REGISTER = ("POST", "client/register")
DELETE = ("DELETE", "client/delete")
COUNTERS = ("GET", "client/get-counters")
GALLERIES = ("GET", "facegallery/my-facegalleries")
OPEN_TO_DEREGISTERED = {"client/register", "facegallery/my-facegalleries", "facegallery/delete-facegallery"}
DENIED = {"status": "403", "status_message": "Requested resource denied: client not registered"}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Platform]:
    async with platform(tmp_path) as started:
        yield started


class Mount:
    def __init__(self, platform: Platform, prefix: str, client_id: str = CLIENT) -> None:
        self.platform = platform
        self.prefix = prefix
        self.client_id = client_id

    async def __call__(self, method: str, name: str, body: Any = None, **more: Any) -> dict[str, Any]:
        path = f"{self.prefix}/{name}"
        answer = await self.platform.call(method, path, body, client_id=self.client_id, **more)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told["risetai"] if self.prefix.startswith("/risetai") else told

    async def enrol(self, person: str, **more: Any) -> dict[str, Any]:
        body = {"user_id": person, "user_name": person, "facegallery_id": FIRST, "image": picture_text(person)}
        return await self("POST", "facegallery/enroll-face", body | more)

    def of(self, client_id: str) -> "Mount":
        return Mount(self.platform, self.prefix, client_id)


@pytest.fixture(params=["/face-api", "/risetai/face-api"])
async def api(request: pytest.FixtureRequest, running: Platform) -> Mount:
    return Mount(running, request.param)


async def test_registering_gives_the_first_gallery_and_repeated_answers_the_same(api: Mount) -> None:
    answers = [await api(*REGISTER) for _ in range(3)]
    listed = await api(*GALLERIES)

    assert answers == [{"status": "200", "status_message": "Success", "facegallery_id": FIRST}] * 3
    assert listed["facegallery_id"] == [FIRST]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"trx_id": "t"}', b"null", b"[]"])
async def test_registering_needs_no_body(api: Mount, content: bytes) -> None:
    answer = await api(*REGISTER, content=content)

    assert answer["status"] == ("400" if content in {b"null", b"[]"} else "200")


async def test_who_deleted_the_first_gallery_gets_a_new_one_by_registering(api: Mount) -> None:
    await api(*REGISTER)
    await api.enrol("siti")
    await api("DELETE", "facegallery/delete-facegallery", {"facegallery_id": FIRST})

    await api(*REGISTER)

    assert (await api("GET", "facegallery/list-faces", {"facegallery_id": FIRST}))["faces"] == []


async def test_a_deregistered_client_is_denied_everything_but_what_the_document_names(api: Mount) -> None:
    await api(*REGISTER)
    await api("POST", "facegallery/create-facegallery", {"facegallery_id": "office"})

    deleted = await api(*DELETE)

    assert deleted == {"status": "200", "status_message": "Success", "facegallery_id": [FIRST, "office"]}
    for method, name in ENDPOINTS:
        if name not in OPEN_TO_DEREGISTERED:
            assert await api(method, name, content=b"not JSON") == DENIED, name
    assert (await api(*GALLERIES))["facegallery_id"] == [FIRST, "office"]
    gone = await api("DELETE", "facegallery/delete-facegallery", {"facegallery_id": "office"})
    assert gone["status"] == "200"
    assert (await api(*GALLERIES))["facegallery_id"] == [FIRST]


async def test_registering_again_brings_everything_back(api: Mount) -> None:
    await api(*REGISTER)
    await api.enrol("siti")
    await api(*DELETE)

    again = await api(*REGISTER)

    assert again["facegallery_id"] == FIRST
    found = await api("POST", "facegallery/identify-face", {"facegallery_id": FIRST, "image": picture_text("siti")})
    assert found["return"][0]["user_id"] == "siti"


async def test_a_used_up_gallery_quota_does_not_lock_out_who_comes_back(api: Mount) -> None:
    await add_client(api.platform.store, "small", galleries=1)
    small = api.of("small")
    await small("POST", "facegallery/create-facegallery", {"facegallery_id": "office"})
    await small(*DELETE)

    again = await small(*REGISTER)

    assert again == {"status": "403", "status_message": "Requested resource denied: n_facegallery used up"}
    assert (await small("GET", "facegallery/list-faces", {"facegallery_id": "office"}))["status"] == "200"


async def test_what_is_left_is_told_from_the_body_or_the_query_and_costs_no_hit(api: Mount) -> None:
    await add_client(api.platform.store, "small", hits=3, faces=2, galleries=2)
    small = api.of("small")
    await small(*REGISTER)
    await small.enrol("siti", facegallery_id="small@trial")

    by_body = await small(*COUNTERS, {"trx_id": "t"})
    by_query = await small(*COUNTERS, params={"trx_id": "t"})

    left = {"n_api_hits": 2, "n_face": 1, "n_facegallery": 1}
    assert by_body == by_query == {"status": "200", "status_message": "Success", "remaining_limit": left}


async def test_no_limit_is_the_largest_number_that_every_client_can_hold(api: Mount) -> None:
    left = (await api(*COUNTERS))["remaining_limit"]

    assert left == {"n_api_hits": 2147483647, "n_face": 2147483647, "n_facegallery": 2147483647}


async def test_used_up_hits_deny_every_call_but_those_on_the_account(api: Mount) -> None:
    await add_client(api.platform.store, "small", hits=1)
    small = api.of("small")
    await small(*GALLERIES)

    refused = await small(*GALLERIES)

    assert refused == {"status": "403", "status_message": "Requested resource denied: n_api_hits used up"}
    assert (await small(*REGISTER))["status"] == "200"
    assert (await small(*COUNTERS))["remaining_limit"]["n_api_hits"] == 0
    assert (await small(*DELETE))["status"] == "200"


async def test_of_64_callers_racing_for_10_hits_exactly_10_pass(api: Mount) -> None:
    await add_client(api.platform.store, "small", hits=10)
    small = api.of("small")

    answers = await asyncio.gather(*(small(*GALLERIES) for _ in range(64)))

    assert sorted(answer["status"] for answer in answers) == ["200"] * 10 + ["403"] * 54
    assert (await small(*COUNTERS))["remaining_limit"]["n_api_hits"] == 0


async def test_of_64_callers_racing_for_10_faces_exactly_10_pass(api: Mount) -> None:
    await add_client(api.platform.store, "small", faces=10)
    small = api.of("small")
    await small(*REGISTER)

    answers = await asyncio.gather(*(small.enrol(f"user {n}", facegallery_id="small@trial") for n in range(64)))

    passed = [answer for answer in answers if answer["status"] == "200"]
    refused = [answer for answer in answers if answer["status"] != "200"]
    listed = await small("GET", "facegallery/list-faces", {"facegallery_id": "small@trial"})
    assert len(passed) == len(listed["faces"]) == 10
    assert refused == [{"status": "403", "status_message": "Requested resource denied: n_face used up"}] * 54
    assert (await small(*COUNTERS))["remaining_limit"]["n_face"] == 0


async def test_of_64_callers_racing_for_10_galleries_exactly_10_pass(api: Mount) -> None:
    await add_client(api.platform.store, "small", galleries=10)
    small = api.of("small")

    create = ("POST", "facegallery/create-facegallery")
    answers = await asyncio.gather(*(small(*create, {"facegallery_id": f"gallery {n}"}) for n in range(64)))

    refused = [answer for answer in answers if answer["status"] != "200"]
    assert refused == [{"status": "403", "status_message": "Requested resource denied: n_facegallery used up"}] * 54
    assert len((await small(*GALLERIES))["facegallery_id"]) == 10


async def test_an_enrolment_that_fails_takes_nothing(api: Mount) -> None:
    await add_client(api.platform.store, "small", faces=2)
    small = api.of("small")
    await small(*REGISTER)
    enrol = {"facegallery_id": "small@trial"}
    await small.enrol("siti", **enrol)

    failures = [
        await small.enrol("siti", **enrol),
        await small.enrol("budi", facegallery_id="nowhere"),
        await small.enrol("budi", **enrol, image=picture_text(None)),
        await small.enrol("budi", **enrol, image=picture_text("budi", small=True)),
        await small.enrol("budi", **enrol, image="***"),
    ]

    assert [failure["status"] for failure in failures] == ["400", "416", "412", "413", "490"]
    assert (await small(*COUNTERS))["remaining_limit"]["n_face"] == 1


async def test_a_client_is_erased_when_its_grace_period_ends_and_not_before(running: Platform) -> None:
    api = Mount(running, "/face-api")
    for client_id in (CLIENT, "other", "back"):
        if client_id != CLIENT:
            await add_client(running.store, client_id)
        await api.of(client_id)(*REGISTER)
        await api.of(client_id).enrol("siti", facegallery_id=f"{client_id}@trial")
    for client_id in (CLIENT, "back"):
        await running.store.registrations.deregister(client_id, datetime.now(UTC) - timedelta(days=10))
    await api.of("back")(*REGISTER)

    await erase_deregistered(running.store, grace=timedelta(days=11))
    assert await running.store.clients.get(CLIENT) is not None
    await asyncio.gather(*(erase_deregistered(running.store, grace=timedelta(days=9)) for _ in range(4)))

    assert await running.store.clients.get(CLIENT) is None
    assert await running.store.faces.get(GalleryKey(CLIENT, FIRST), "siti") is None
    assert (await running.call(*_full(GALLERIES))).status_code == 401
    for survivor in ("other", "back"):
        assert await running.store.clients.holdings(survivor) == {Quota.FACES: 1, Quota.GALLERIES: 1}


async def test_a_matcher_erases_by_itself_who_left_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAJAH_ERASE_EVERY_S", "0.05")
    monkeypatch.setenv("WAJAH_GRACE_PERIOD_DAYS", "0")
    async with platform(tmp_path) as running:
        await Mount(running, "/face-api")(*REGISTER)
        await Mount(running, "/face-api")(*DELETE)

        async with asyncio.timeout(10):
            while await running.store.clients.get(CLIENT) is not None:  # noqa: ASYNC110 - another part of the platform acts
                await asyncio.sleep(0.02)

        assert await running.store.galleries.list(CLIENT) == []


def _full(call: tuple[str, str]) -> tuple[str, str]:
    return call[0], f"/face-api/{call[1]}"

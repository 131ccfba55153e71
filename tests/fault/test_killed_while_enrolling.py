"""Whatever dies while faces are being enrolled: each enrolment that was acknowledged is found afterwards, and none twice."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faces import pictures
from tests.fault.platform import CLIENT_ID, PASSWORD, Platform
from tests.servers.rabbitmq import RabbitMqChild, child_broker

ENROLMENTS = 200
KILL_AFTER = 60
DOWN_S = 1.0
CALLERS = 16
GIVE_UP_S = 90.0
EXISTS = "Database Error - UserID Already Exists"

Kill = Callable[[], None]


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMqChild]:
    with child_broker() as running:
        yield running


@pytest.fixture(scope="module")
def platform(broker: RabbitMqChild, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder: Path = tmp_path_factory.mktemp("platform")
    running = Platform(broker.url, f"sqlite:///{folder / 'wajah.db'}", folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def images() -> list[str]:
    return [base64.b64encode(picture).decode() for picture in pictures(ENROLMENTS)]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("victim", ["embedder", "matcher", "ingress"])
async def test_what_a_killed_service_acknowledged_is_found(victim: str, platform: Platform, images: list[str]) -> None:
    process = platform.processes[victim]

    async def kill_and_start_again() -> None:
        process.kill()
        await asyncio.sleep(DOWN_S)
        process.start()
        await asyncio.to_thread(process.wait_ready)

    await _enrol_under_fire(platform, f"killed {victim}", images, kill_and_start_again)


@pytest.mark.timeout(300)
async def test_what_a_killed_broker_let_acknowledge_is_found(
    broker: RabbitMqChild, platform: Platform, images: list[str]
) -> None:
    async def kill_and_start_again() -> None:
        await asyncio.to_thread(broker.kill)
        await asyncio.sleep(DOWN_S)
        await asyncio.to_thread(broker.start)

    await _enrol_under_fire(platform, "killed broker", images, kill_and_start_again)


async def _enrol_under_fire(platform: Platform, gallery_id: str, images: list[str], strike: Callable[[], Any]) -> None:
    """Given 200 enrolments under way, when `strike` happens, then each is found by its own picture, once."""
    async with httpx.AsyncClient(base_url=platform.base_url, timeout=15) as http:
        api = Caller(http)
        await api.sign_in()
        await api.insist("create-facegallery", {"facegallery_id": gallery_id})

        turns = iter(enumerate(images))
        struck = asyncio.Event()
        acknowledged: list[str] = []

        async def enrol() -> None:
            for number, image in turns:
                body = {"facegallery_id": gallery_id, "user_id": f"user-{number}", "user_name": "x", "image": image}
                await api.insist("enroll-face", body)
                acknowledged.append(f"user-{number}")
                if len(acknowledged) >= KILL_AFTER:
                    struck.set()

        async def fire() -> None:
            await struck.wait()
            await strike()

        await asyncio.gather(fire(), *(enrol() for _ in range(CALLERS)))

        listed = [face["user_id"] for face in (await api.insist("list-faces", {"facegallery_id": gallery_id}))["faces"]]
        assert sorted(listed) == sorted(acknowledged)
        assert len(set(listed)) == ENROLMENTS

        async def identify(number: int) -> str:
            found = await api.insist("identify-face", {"facegallery_id": gallery_id, "image": images[number]})
            return str(found["return"][0]["user_id"])

        found = [await asyncio.gather(*(identify(n) for n in range(i, i + 8))) for i in range(0, ENROLMENTS, 8)]
        assert [each for some in found for each in some] == [f"user-{number}" for number in range(ENROLMENTS)]


class Caller:
    """An integrator who repeats what was not answered. A user that exists already was written by an attempt whose answer
    got lost: that is success for who repeats."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def sign_in(self) -> None:
        form = {"client_id": CLIENT_ID, "password": PASSWORD}
        answer = await self._http.post("/oauth/client/token", data=form)
        answer.raise_for_status()
        self._http.headers["Accesstoken"] = answer.json()["access_token"]

    async def insist(self, endpoint: str, body: dict[str, str]) -> dict[str, Any]:
        async with asyncio.timeout(GIVE_UP_S):
            while True:
                try:
                    answer = await self._http.post(f"/face-api/facegallery/{endpoint}", json=body)
                    fields: dict[str, Any] = answer.json()
                except (httpx.HTTPError, ValueError):
                    await asyncio.sleep(0.2)
                    continue
                if fields["status"] == "200" or fields["status"] == "417" or fields["status_message"] == EXISTS:
                    return fields
                assert fields["status"] in {"500", "503"}, fields
                await asyncio.sleep(0.2)

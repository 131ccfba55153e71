"""Face × PeduliLindungi with every part a process of its own over RabbitMQ: in order, and while parts die."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from wajah.contracts.stages import Stage
from wajah.contracts.types import GalleryKey
from wajah.security.key_encryption_keys import GivenKeys
from wajah.storage.connect import open_store
from wajah.storage.ports import Settlement, Store

from tests.faces import pictures
from tests.fault.platform import CLIENT_ID, KEYS, PASSWORD, Platform
from tests.servers.rabbitmq import child_broker
from tests.servers.services import ServiceProcess, free_port
from tests.stand_ins.pedulilindungi.app import CHECKIN_PATH, REGISTER_PATH

GALLERY = f"{CLIENT_ID}@trial"
GALLERY_KEY = GalleryKey(CLIENT_ID, GALLERY)
MATCHERS = ("matcher", "the other matcher")
PLACE = "60dd9e2bac68e40011056662"

pytestmark = pytest.mark.timeout(240)


class Outside:
    """The stand-in, as a process of its own."""

    def __init__(self, folder: Path) -> None:
        bind = f"127.0.0.1:{free_port()}"
        self.url = f"http://{bind}"
        self.process = ServiceProcess("tests.stand_ins.pedulilindungi", {}, folder, bind)

    async def slow(self, nik: str, seconds: float) -> None:
        async with httpx.AsyncClient(base_url=self.url) as http:
            script = {"behaviour": "normal", "latency_s": seconds, "times": 1}
            (await http.put(f"/stand-in/scripts/{nik}", json=script)).raise_for_status()

    async def count(self, path: str, nik: str) -> int:
        async with httpx.AsyncClient(base_url=self.url) as http:
            calls = (await http.get("/stand-in/calls")).json()["calls"]
        return sum(call == {"path": path, "nik": nik} for call in calls)

    async def asked(self, path: str, nik: str) -> None:
        """Return when it was asked about a NIK."""
        for _ in range(500):
            if await self.count(path, nik):
                return
            await asyncio.sleep(0.02)
        raise TimeoutError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pedulilindungi")


@pytest.fixture(scope="module")
def outside(folder: Path) -> Iterator[Outside]:
    outside = Outside(folder)
    try:
        outside.process.start()
        outside.process.wait_ready(f"{outside.url}/")
        yield outside
    finally:
        outside.process.stop()


@pytest.fixture(scope="module")
def platform(folder: Path, outside: Outside) -> Iterator[Platform]:
    with child_broker() as broker:
        running = Platform(broker.url, f"sqlite:///{folder / 'wajah.db'}", folder, pl_url=outside.url)
        try:
            running.start()
            time.sleep(3)  # RabbitMQ 3.10 loses the leader of a quorum queue that is younger
            yield running
        finally:
            running.stop()


@pytest.fixture(scope="module")
def images() -> list[str]:
    return [base64.b64encode(picture).decode() for picture in pictures(4)]


@pytest.fixture
async def store(folder: Path, platform: Platform) -> AsyncIterator[Store]:
    """Another view of what the processes write."""
    store = open_store(f"sqlite:///{folder / 'wajah.db'}", GivenKeys(KEYS))
    await store.start()
    yield store
    await store.stop()


class Caller:
    def __init__(self, http: httpx.AsyncClient, nik: str, image: str) -> None:
        self._http = http
        self.nik = nik
        self._image = image

    async def enrol(self) -> dict[str, Any]:
        body = {"nik": self.nik, "user_name": f"Name of {self.nik}"}
        return await self._post("enroll-face", body)

    async def visit(self, direction: str, how: str = "verify") -> dict[str, Any]:
        where = {"qr_code": f"{direction}:{PLACE}", "latitude": -8.07, "longitude": 111.9}
        return await self._post(f"{how}-checkin-checkout", where | ({"nik": self.nik} if how == "verify" else {}))

    async def _post(self, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
        more = {"facegallery_id": GALLERY, "image": self._image}
        answer = await self._http.post(f"/face-api/pedulilindungi/{endpoint}", json=body | more)
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture
async def http(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=platform.base_url, timeout=30) as http:
        form = {"client_id": CLIENT_ID, "password": PASSWORD}
        token = (await http.post("/oauth/client/token", data=form)).json()["access_token"]
        http.headers["Accesstoken"] = token
        yield http


async def test_somebody_enrols_checks_in_and_checks_out(
    http: httpx.AsyncClient, images: list[str], outside: Outside
) -> None:
    caller = Caller(http, "3273022807760", images[0])

    told = [await caller.enrol(), await caller.visit("checkin"), await caller.visit("checkout", "identify")]

    assert [each["status"] for each in told] == ["200", "200", "200"]
    assert told[1]["user_status"] == "green"
    assert told[2]["return"][0]["user_id"] == caller.nik
    assert told[2]["pl_data"]["data"]["checkOutTime"]
    assert await outside.count(REGISTER_PATH, caller.nik) == 1
    assert await outside.count(CHECKIN_PATH, caller.nik) == 2


async def test_what_matchers_died_of_after_the_acceptance_is_finished_and_the_next_attempt_succeeds(
    http: httpx.AsyncClient, images: list[str], outside: Outside, platform: Platform, store: Store
) -> None:
    caller = Caller(http, "3273022807761", images[1])
    await outside.slow(caller.nik, 1.0)

    enrolling = asyncio.create_task(caller.enrol())
    await outside.asked(REGISTER_PATH, caller.nik)
    for name in MATCHERS:
        platform.processes[name].kill()
    told = await enrolling
    for name in MATCHERS:
        platform.processes[name].start()
    for name in MATCHERS:
        await asyncio.to_thread(platform.processes[name].wait_ready)
    outcome = await _settled(store, caller.nik)
    again = await caller.enrol()
    entered = await caller.visit("checkin")

    assert told["status"] == "503"
    assert outcome is Settlement.RECONCILED
    assert (again["status"], again["pl_data"]["success"]) == ("200", True)
    assert entered["status"] == "200"
    assert await outside.count(REGISTER_PATH, caller.nik) == 1


async def _settled(store: Store, nik: str) -> Settlement:
    """What became of the acceptance of a NIK that was open."""
    for _ in range(1500):
        call = await store.upstream_calls.accepted(GALLERY_KEY, nik, Stage.PL_REGISTER)
        if call is not None and call.settlement is not Settlement.OPEN:
            return call.settlement
        await asyncio.sleep(0.02)
    raise TimeoutError


async def test_a_connector_that_dies_while_it_registers_somebody_asks_once(
    http: httpx.AsyncClient, images: list[str], outside: Outside, platform: Platform
) -> None:
    caller = Caller(http, "3273022807762", images[2])
    await outside.slow(caller.nik, 2.0)
    connector = platform.processes["pedulilindungi"]

    enrolling = asyncio.create_task(caller.enrol())
    await outside.asked(REGISTER_PATH, caller.nik)
    connector.kill()
    connector.start()
    told = await enrolling
    await asyncio.to_thread(connector.wait_ready)
    asked = await outside.count(REGISTER_PATH, caller.nik)
    again = await caller.enrol()

    assert told["status"] in {"605", "503"}
    assert asked == 1
    assert again["status"] == "200"


async def test_a_connector_that_dies_while_it_checks_somebody_in_asks_once(
    http: httpx.AsyncClient, images: list[str], outside: Outside, platform: Platform
) -> None:
    caller = Caller(http, "3273022807763", images[3])
    connector = platform.processes["pedulilindungi"]
    assert (await caller.enrol())["status"] == "200"
    await outside.slow(caller.nik, 2.0)

    entering = asyncio.create_task(caller.visit("checkin"))
    await outside.asked(CHECKIN_PATH, caller.nik)
    connector.kill()
    connector.start()
    told = await entering
    await asyncio.to_thread(connector.wait_ready)

    assert told["status"] in {"605", "503"}
    assert told.get("user_status") is None
    assert await outside.count(CHECKIN_PATH, caller.nik) == 1

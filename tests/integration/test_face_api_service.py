"""The ingress as a part of a process: its operational side, its log, its end."""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from ingress.server import HttpServer
from structlog.testing import capture_logs
from wajah.contracts.envelope import Job
from wajah.contracts.results import Embedded
from wajah.contracts.stages import Stage

from tests.integration.ingress_server import Platform, platform
from tests.integration.stages import STAGES, embed, picture_text

GALLERY = {"facegallery_id": "office"}
IDENTIFY = "/face-api/facegallery/identify-face"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Platform]:
    async with platform(tmp_path) as started:
        await started.call("POST", "/face-api/facegallery/create-facegallery", GALLERY)
        yield started


async def test_it_is_alive_and_ready(running: Platform) -> None:
    alive, ready = await running.http.get("/healthz"), await running.http.get("/readyz")

    assert (alive.status_code, ready.status_code) == (200, 200)


async def test_it_is_not_ready_without_its_bus_but_alive(running: Platform) -> None:
    await running.bus.stop()

    alive, ready = await running.http.get("/healthz"), await running.http.get("/readyz")
    await running.bus.start()

    assert (alive.status_code, ready.status_code) == (200, 503)


async def test_metrics_tell_requests_by_route_and_code(running: Platform) -> None:
    await running.call("POST", IDENTIFY, GALLERY | {"image": picture_text(None)})
    await running.http.get("/some/path/that/does/not/exist")

    text = (await running.http.get("/metrics")).text

    assert re.search(
        r'wajah_http_request_seconds_count\{code="412",method="POST",route="/face-api/facegallery/identify-face"', text
    )
    assert 'route="none"' in text
    assert "does/not/exist" not in text


async def test_the_documentation_is_served_without_leaving_the_server(running: Platform) -> None:
    page = await running.http.get("/docs")
    parts = [await running.http.get(path) for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text)]

    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"] == "default-src 'self'"
    assert len(parts) >= 3
    assert all(part.status_code == 200 for part in parts)


async def test_a_request_leaves_one_line_in_the_log(running: Platform) -> None:
    image = picture_text(None)

    with capture_logs() as lines:
        await running.call("POST", IDENTIFY, GALLERY | {"image": image, "trx_id": "their label"})

    [line] = [line for line in lines if line["event"] == "request"]
    assert line.pop("ms") > 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "POST",
        "path": IDENTIFY,
        "status": 200,
        "code": "412",
        "client_id": "acme",
        "trx_id": "their label",
    }
    assert image not in repr(lines)


async def test_a_drain_finishes_what_is_in_hand_and_takes_nothing_new(tmp_path: Path) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def waiting(job: Job[Any]) -> Embedded:
        begun.set()
        await go_on.wait()
        return await embed(job)

    async with platform(tmp_path, STAGES | {Stage.EMBED: waiting}) as running:
        await running.call("POST", "/face-api/facegallery/create-facegallery", GALLERY)
        in_hand = asyncio.create_task(running.call("POST", IDENTIFY, GALLERY | {"image": picture_text("siti")}))
        await begun.wait()

        draining = asyncio.create_task(running.ingress.drain())
        await asyncio.sleep(0.3)
        ready = await running.ingress.ready()
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as newcomer:
                await newcomer.get(f"http://127.0.0.1:{running.ingress.port}/healthz")
        go_on.set()
        answer = await in_hand
        await draining

    assert not ready
    assert answer.json()["status"] == "411"


async def test_an_address_that_is_taken_is_told_at_the_start() -> None:
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        """Never called."""

    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = HttpServer(app, f"127.0.0.1:{taken.getsockname()[1]}", grace_s=1)

        with pytest.raises(OSError, match="in use"):
            await server.start()

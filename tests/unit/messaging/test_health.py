"""The health server over real HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from wajah.messaging.health import HealthServer


@pytest.fixture
def parts() -> dict[str, bool]:
    return {"bus": True, "store": True}


@pytest_asyncio.fixture
async def client(parts: dict[str, bool]) -> AsyncIterator[httpx.AsyncClient]:
    async def readiness() -> dict[str, bool]:
        return parts

    server = HealthServer("127.0.0.1:0", readiness)
    await server.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        yield client
    await server.stop()


async def test_a_living_process_is_healthy(client: httpx.AsyncClient) -> None:
    response = await client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_ready_means_that_every_part_is(client: httpx.AsyncClient, parts: dict[str, bool]) -> None:
    ready = await client.get("/readyz")
    parts["bus"] = False
    not_ready = await client.get("/readyz?verbose")

    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert not_ready.status_code == 503
    assert not_ready.json() == {"status": "not ready", "parts": {"bus": False, "store": True}}


async def test_metrics_are_in_prometheus_format(client: httpx.AsyncClient) -> None:
    response = await client.get("/metrics")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    assert "# TYPE wajah_jobs_total counter" in response.text
    assert "# TYPE wajah_stage_seconds histogram" in response.text


async def test_a_head_request_has_no_body(client: httpx.AsyncClient) -> None:
    response = await client.head("/healthz")

    assert (response.status_code, response.content) == (200, b"")


async def test_anything_else_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).status_code == 404
    assert (await client.post("/healthz", content=b"x" * 100_000)).status_code == 405


async def test_what_is_not_http_costs_nobody_an_answer(client: httpx.AsyncClient) -> None:
    for nonsense in (
        b"\r\n\r\n",
        b"GET /healthz HTTP/1.1 x\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"x" * 200_000,
    ):
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(nonsense)
        writer.write_eof()
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionResetError):
                await reader.read()
        writer.close()

    assert (await client.get("/healthz")).status_code == 200

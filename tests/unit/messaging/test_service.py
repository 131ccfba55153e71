"""The runner: order of start and end, readiness, drain within the grace period, and signals in a real process."""

import asyncio
import signal
import sys
from pathlib import Path

import httpx
import pytest
from wajah.messaging.service import Resource, Runner, running


class Recorded:
    """A service that writes down what happens to it."""

    def __init__(self, name: str, events: list[str]) -> None:
        self.name = name
        self.events = events
        self.start_error: Exception | None = None
        self.end_error: Exception | None = None
        self.is_ready = True
        self.drain_s = 0.0

    async def start(self) -> None:
        self.events.append(f"start {self.name}")
        if self.start_error is not None:
            raise self.start_error

    async def ready(self) -> bool:
        return self.is_ready

    async def drain(self) -> None:
        self.events.append(f"drain {self.name}")
        await asyncio.sleep(self.drain_s)
        if self.end_error is not None:
            raise self.end_error

    async def stop(self) -> None:
        self.events.append(f"stop {self.name}")
        if self.end_error is not None:
            raise self.end_error


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def services(events: list[str]) -> list[Recorded]:
    return [Recorded("bus", events), Recorded("embedder", events), Recorded("ingress", events)]


async def test_services_start_in_order_and_end_in_reverse(services: list[Recorded], events: list[str]) -> None:
    async with running(services, grace_s=5):
        assert events == ["start bus", "start embedder", "start ingress"]

    assert events[3:] == [
        *("drain ingress", "drain embedder", "drain bus"),
        *("stop ingress", "stop embedder", "stop bus"),
    ]


async def test_a_service_that_cannot_start_ends_the_others(services: list[Recorded], events: list[str]) -> None:
    services[1].start_error = RuntimeError("no model")

    with pytest.raises(RuntimeError, match="no model"):
        async with running(services, grace_s=5):
            events.append("running")

    assert events == [
        *("start bus", "start embedder", "drain embedder", "drain bus"),
        *("stop embedder", "stop bus"),
    ]


async def test_a_drain_that_takes_too_long_is_cut_short(services: list[Recorded], events: list[str]) -> None:
    services[1].drain_s = 100

    async with asyncio.timeout(5), running(services, grace_s=0.1):
        pass

    assert events[-3:] == ["stop ingress", "stop embedder", "stop bus"]


async def test_a_service_that_fails_to_end_does_not_keep_the_others(services: list[Recorded], events: list[str]) -> None:
    services[2].end_error = RuntimeError("broken")

    async with running(services, grace_s=5):
        pass

    assert events[3:] == [
        *("drain ingress", "drain embedder", "drain bus"),
        *("stop ingress", "stop embedder", "stop bus"),
    ]


async def test_readiness_names_the_part_that_is_not(services: list[Recorded]) -> None:
    runner = Runner(services, grace_s=5)
    assert await runner.readiness() == {"running": False}

    await runner.start()
    services[0].is_ready = False

    assert await runner.readiness() == {"running": True, "bus": False, "embedder": True, "ingress": True}
    await runner.end()
    assert await runner.readiness() == {"running": False}


async def test_a_service_is_not_ready_when_asking_it_fails(services: list[Recorded]) -> None:
    class Broken(Recorded):
        async def ready(self) -> bool:
            raise RuntimeError("no answer")

    async with running([Broken("store", [])], grace_s=5) as runner:
        assert await runner.readiness() == {"running": True, "store": False}


async def test_a_resource_is_a_service_with_nothing_to_drain(events: list[str]) -> None:
    source = Recorded("bus", events)
    resource = Resource("bus", start=source.start, ready=source.ready, stop=source.stop)

    async with running([resource], grace_s=5) as runner:
        assert await runner.readiness() == {"running": True, "bus": True}

    assert events == ["start bus", "stop bus"]


PROCESS = """
import asyncio, sys
sys.path.insert(0, ".")
from tests.unit.messaging.test_service import Recorded
from wajah.messaging.service import run
from wajah.telemetry.logging import configure

class Slow(Recorded):
    async def start(self):
        await super().start()
        await asyncio.sleep(START_S)
        print("started", flush=True)

    async def drain(self):
        print("draining", flush=True)
        await asyncio.sleep(0.5)
        print("drained", flush=True)

configure()
asyncio.run(run([Slow("slow", [])], grace_s=5, health_bind="127.0.0.1:PORT"))
print("ended", flush=True)
"""


async def start_process(port: int, *, start_s: float = 0) -> asyncio.subprocess.Process:
    code = PROCESS.replace("PORT", str(port)).replace("START_S", str(start_s))
    root = Path(__file__).parents[3]
    return await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=root, stdout=asyncio.subprocess.PIPE)


async def answer(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """Asks until the process listens."""
    async with asyncio.timeout(15):
        while True:
            try:
                return await client.get(path)
            except httpx.ConnectError:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_process_after_its_drain(number: signal.Signals, unused_tcp_port: int) -> None:
    process = await start_process(unused_tcp_port)
    assert process.stdout is not None
    async with asyncio.timeout(20), httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as client:
        assert (await process.stdout.readline()).strip() == b"started"
        assert (await answer(client, "/readyz")).status_code == 200

        process.send_signal(number)
        assert (await process.stdout.readline()).strip() == b"draining"
        while_draining = await client.get("/readyz")
        alive = await client.get("/healthz")
        rest = await process.stdout.read()

        assert (while_draining.status_code, alive.status_code) == (503, 200)
        assert rest.split() == [b"drained", b"ended"]
        assert await process.wait() == 0


async def test_a_signal_during_the_start_ends_it_too(unused_tcp_port: int) -> None:
    process = await start_process(unused_tcp_port, start_s=60)
    assert process.stdout is not None
    async with asyncio.timeout(20), httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as client:
        starting = await answer(client, "/readyz")

        process.terminate()

        assert starting.status_code == 503
        assert (await process.stdout.read()).split() == [b"draining", b"drained", b"ended"]
        assert await process.wait() == 0

"""The platform end to end over HTTP against the bare model pipeline, on the same images and the same cores, turn by turn."""

import asyncio
import os
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from embedder.pipeline import Pack
from embedder.registry import open_pack
from standalone.clients import Limits, add_client_to
from wajah.settings import Settings

from tests.load import http_load, pipeline_bench
from tests.load.figures import Figure
from tests.servers.rabbitmq import child_broker
from tests.servers.services import ServiceProcess, free_port

CONCURRENT = 32
ROUNDS = 3
PER_ROUND = 384
ONE_BY_ONE = 150
CORES = os.cpu_count() or 1
CLIENT_ID, PASSWORD, GALLERY = "bench", "a password for the bench", "bench"


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: the platform at `url` with its `requests`, and the bare `pack` with the `images` in them."""

    name: str
    url: str
    requests: list[bytes]
    pack: Pack
    images: Sequence[bytes]


@contextmanager
def in_process(data: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """`wajah serve` as a process: its address, and its store."""
    port, store = free_port(), f"sqlite:///{folder / 'standalone.db'}"
    serve = ServiceProcess(
        "standalone", {"WAJAH_DATA": str(data), "WAJAH_STORE": store}, folder, "serve", "--bind", f"127.0.0.1:{port}"
    )
    with _started([serve], f"http://127.0.0.1:{port}/readyz"):
        yield f"http://127.0.0.1:{port}", store


@contextmanager
def over_rabbitmq(data: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Ingress, embedder and matcher as processes, and a broker, on the same cores."""
    port, store = free_port(), f"sqlite:///{folder / 'services.db'}"
    with child_broker() as broker:
        environment = {
            "WAJAH_BUS": broker.url,
            "WAJAH_STORE": store,
            "WAJAH_DATA": str(data),
            "WAJAH_SHARDS": "4",
            "WAJAH_BIND": f"127.0.0.1:{port}",
        }
        services = [ServiceProcess(name, environment, folder) for name in ("embedder", "matcher", "ingress")]
        with _started(services, None):
            yield f"http://127.0.0.1:{port}", store


@contextmanager
def _started(services: Sequence[ServiceProcess], ready_at: str | None) -> Iterator[None]:
    try:
        for service in services:
            service.start()
        for service in services:
            service.wait_ready(ready_at)
        yield
    finally:
        for service in services:
            service.stop()


def platform_figures(data: Path, images: Sequence[bytes]) -> Iterator[Figure]:
    """Throughput at 32 concurrent and added latency at one, in one process and over RabbitMQ."""
    pack = open_pack("dlib", Settings().data, lambda _what, _done: None)
    goals = {in_process: (">= 0.9", "<= 3"), over_rabbitmq: (">= 0.8", "<= 6")}
    for place, (rate_goal, latency_goal) in goals.items():
        name = place.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory(prefix="wajah-bench-") as folder, place(data, Path(folder)) as (url, store):
            requests = asyncio.run(_prepare(url, store, images))
            sides = Sides(name, url, requests, pack, images)
            yield _throughput(sides, rate_goal)
            yield _added_latency(sides, latency_goal)


async def _prepare(url: str, store: str, images: Sequence[bytes]) -> list[bytes]:
    """Enrol the first pictures, and make an identification of each."""
    await add_client_to(store, CLIENT_ID, PASSWORD, Limits())
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        form = {"client_id": CLIENT_ID, "password": PASSWORD}
        token = (await http.post("/oauth/client/token", data=form)).json()["access_token"]
        headers = {"Accesstoken": token}
        gallery = {"facegallery_id": GALLERY}
        (await http.post("/face-api/facegallery/create-facegallery", json=gallery, headers=headers)).raise_for_status()
        for number, image in enumerate(images[:7]):
            body = http_load.face_body(image, facegallery_id=GALLERY, user_id=f"user {number}", user_name=f"User {number}")
            answer = await http.post("/face-api/facegallery/enroll-face", content=body, headers=headers)
            if answer.json()["status"] != "200":
                raise AssertionError(answer.text)
    return http_load.identify_requests(url, token, GALLERY, images)


def _throughput(sides: Sides, goal: str) -> Figure:
    ours, bare = [], []
    for _ in range(ROUNDS):
        load = asyncio.run(http_load.run(sides.url, sides.requests, concurrency=CONCURRENT, total=PER_ROUND))
        if set(load.statuses) - {"200", "411"}:
            raise AssertionError(load.statuses)
        ours.append(load.rate)
        bare.append(pipeline_bench.rate(sides.pack, sides.images, threads=CORES, total=PER_ROUND))
    ratio = statistics.median(ours) / statistics.median(bare)
    detail = f"{statistics.median(ours):.1f}/s · bare model in a loop {statistics.median(bare):.1f}/s on {CORES} cores"
    return Figure(f"identify, {CONCURRENT} concurrent, {sides.name}", ratio, "of the bare model", detail, goal)


def _added_latency(sides: Sides, goal: str) -> Figure:
    load = asyncio.run(http_load.run(sides.url, sides.requests, concurrency=1, total=ONE_BY_ONE))
    bare = pipeline_bench.latency_ms(sides.pack.replica(), sides.images, total=ONE_BY_ONE)
    added = statistics.median(ours - alone for ours, alone in zip(load.latencies_ms, bare, strict=True))
    detail = f"median {statistics.median(load.latencies_ms):.1f} ms · bare model {statistics.median(bare):.1f} ms"
    return Figure(f"added latency, one caller, {sides.name}", added, "ms", detail, goal)

"""A whole platform in the test's event loop: ingress on a real port, matcher, bus and store; an embedder of either kind."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from dukcapil.service import DukcapilService
from dukcapil.settings import DukcapilSettings
from embedder.service import EmbedderService
from embedder.settings import EmbedderSettings
from ingress.service import IngressService
from ingress.settings import IngressSettings
from matcher.service import MatcherService
from matcher.settings import MatcherSettings
from pedulilindungi.service import PeduliLindungiService
from pedulilindungi.settings import PeduliLindungiSettings
from wajah.contracts.stages import Stage
from wajah.messaging.bus import Bus
from wajah.messaging.inprocess import InProcessBus
from wajah.messaging.service import Resource, Service, running
from wajah.messaging.slip import Source, StageHandler, Worker
from wajah.messaging.topology import Topology
from wajah.security.tokens import sha256_of
from wajah.storage.connect import open_store
from wajah.storage.ports import Client, Quota, Store

from tests.integration.stages import MODEL, STAGES

CLIENT = "acme"
OTHER_CLIENT = "umbrella"


def token_of(client_id: str) -> str:
    return f"token of {client_id}"


@dataclass(frozen=True)
class Platform:
    """`http` is unauthenticated; `headers` are those of a client."""

    http: httpx.AsyncClient
    store: Store
    bus: InProcessBus
    ingress: IngressService

    def headers(self, client_id: str = CLIENT) -> dict[str, str]:
        return {"Accesstoken": token_of(client_id)}

    async def call(
        self, method: str, path: str, body: Any = None, *, client_id: str = CLIENT, **more: Any
    ) -> httpx.Response:
        """An authenticated call with a JSON body."""
        if body is not None:
            more["json"] = body
        return await self.http.request(method, path, headers=self.headers(client_id), **more)


async def add_client(store: Store, client_id: str, **limits: int) -> None:
    """An account whose password is never asked for, with a token."""
    remaining = {quota: limits.get(quota.name.lower()) for quota in Quota}
    await store.clients.add(Client(client_id, "", remaining, datetime.now(UTC)))
    await store.tokens.add(client_id, sha256_of(token_of(client_id)), None)


class Stages:
    """Hand-written stages as a service."""

    name = "stages"

    def __init__(self, bus: Bus, topology: Topology, stages: Mapping[Stage, StageHandler], store: Store) -> None:
        self._worker = Worker(bus, topology, stages)
        self._source = Source(topology.embed, prefetch=64)
        self._store = store

    async def start(self) -> None:
        await self._store.models.register(MODEL)
        await self._worker.start([self._source])

    async def ready(self) -> bool:
        return True

    async def drain(self) -> None:
        await self._worker.drain()

    async def stop(self) -> None:
        """Nothing is held."""


@contextlib.asynccontextmanager
async def platform(
    folder: Path,
    stages: Mapping[Stage, StageHandler] = STAGES,
    *,
    data: Path | None = None,
    connector: PeduliLindungiSettings | None = None,
    dukcapil: DukcapilSettings | None = None,
    **settings: Any,
) -> AsyncGenerator[Platform]:
    """Started, with two clients that have no limits, and ended at the block's end.

    With `data`, the embedder is the real one, and finds its models there. With `connector`, PeduliLindungi is asked, with
    `dukcapil`, Dukcapil, or the civil register.
    """
    topology = Topology(2)
    bus = InProcessBus(topology)
    store = open_store(f"sqlite:///{folder / 'wajah.db'}")
    ingress = IngressService(IngressSettings(bind="127.0.0.1:0", grace_s=5, **settings), bus, store, topology)
    embedding: Service = Stages(bus, topology, stages, store)
    if data is not None:
        embedding = EmbedderService(EmbedderSettings(data=data, embedder_workers=1), bus, store, topology)

    async def bus_ready() -> bool:
        return bus.ready

    services: list[Service] = [
        Resource("store", store.start, store.ready, store.stop),
        Resource("bus", bus.start, bus_ready, bus.stop),
        embedding,
        MatcherService(MatcherSettings(search_threads=1), bus, store, topology),
        *([] if connector is None else [PeduliLindungiService(connector, bus, store, topology)]),
        *([] if dukcapil is None else [DukcapilService(dukcapil, bus, store, topology)]),
        ingress,
    ]
    async with running(services, grace_s=5):
        for client_id in (CLIENT, OTHER_CLIENT):
            await add_client(store, client_id)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ingress.port}", timeout=30) as http:
            yield Platform(http, store, bus, ingress)

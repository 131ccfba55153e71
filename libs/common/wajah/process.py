"""A process of the platform: what every service in it stands on, and a service that is a process of its own."""

from collections.abc import Callable
from dataclasses import dataclass

import uvloop

from wajah.messaging.bus import Bus
from wajah.messaging.connect import open_bus
from wajah.messaging.service import Resource, Service, run
from wajah.messaging.topology import Topology
from wajah.settings import Settings
from wajah.storage.connect import open_store
from wajah.storage.ports import Store
from wajah.storage.recorder import TransactionRecorder
from wajah.telemetry import logging


@dataclass(frozen=True, slots=True)
class Foundation:
    """The bus, the store and the recorder that the services of a process share."""

    bus: Bus
    store: Store
    topology: Topology
    recorder: TransactionRecorder

    @classmethod
    def of(cls, settings: Settings, *, opens_templates: bool = False) -> "Foundation":
        """Opened, not started. Raises ValueError for a URL that names no bus or no store, and KeysUnfit where templates are
        to be opened and no keys are set."""
        topology = Topology(settings.shards)
        store = open_store(settings.store_url, settings.encryption_keys)
        if opens_templates:
            store.require_keys()
        return cls(open_bus(settings.bus, topology), store, topology, TransactionRecorder(store.transactions))

    def resources(self) -> list[Service]:
        """In the order in which they start; services come after them."""

        async def bus_ready() -> bool:
            return self.bus.ready

        async def always() -> bool:
            return True

        return [
            Resource("store", self.store.start, self.store.ready, self.store.stop),
            Resource("recorder", self.recorder.start, always, self.recorder.stop),
            Resource("bus", self.bus.start, bus_ready, self.bus.stop),
        ]


def run_alone(settings: Settings, build: Callable[[Foundation], Service], *, opens_templates: bool = False) -> None:
    """One service as a process, until SIGTERM; it answers an orchestrator's questions at `health_bind`.

    Raises KeysUnfit where it opens templates and the keys for that are not there.
    """

    async def main() -> None:
        foundation = Foundation.of(settings, opens_templates=opens_templates)
        services = [*foundation.resources(), build(foundation)]
        await run(services, grace_s=settings.grace_s, health_bind=settings.health_bind)

    logging.configure(settings.log_level)
    uvloop.run(main())

"""One ingress process, as a container runs it: `python -m ingress`."""

import uvloop
from wajah.messaging.connect import open_bus
from wajah.messaging.service import Resource, Service, run
from wajah.messaging.topology import Topology
from wajah.storage.connect import open_store
from wajah.telemetry import logging

from ingress.service import IngressService
from ingress.settings import IngressSettings


async def main() -> None:
    """Until SIGTERM."""
    settings = IngressSettings()
    logging.configure(settings.log_level)
    topology = Topology(settings.shards)
    bus, store = open_bus(settings.bus, topology), open_store(settings.store_url)

    async def bus_ready() -> bool:
        return bus.ready

    services: list[Service] = [
        Resource("store", store.start, store.ready, store.stop),
        Resource("bus", bus.start, bus_ready, bus.stop),
        IngressService(settings, bus, store, topology),
    ]
    await run(services, grace_s=settings.grace_s, health_bind=settings.health_bind)


if __name__ == "__main__":
    uvloop.run(main())

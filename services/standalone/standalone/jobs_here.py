"""How a command has jobs done: by the platform on the broker, or by services that it starts where there is none."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from wajah.messaging.caller import Jobs
from wajah.messaging.service import Service, running
from wajah.process import Foundation
from wajah.settings import Settings
from wajah.storage.ports import Store
from wajah.telemetry import logging


@asynccontextmanager
async def jobs_here(
    settings: Settings, build: Callable[[Foundation], Sequence[Service]]
) -> AsyncIterator[tuple[Jobs, Store]]:
    """`build` makes the services that the jobs need. Raises KeysUnfit, StoreUnavailable, BusError."""
    logging.configure("WARNING")
    alone = settings.bus == "memory:"
    foundation = Foundation.of(settings, opens_templates=alone)
    services = [*foundation.resources(), *(build(foundation) if alone else ())]
    async with running(services, grace_s=settings.grace_s):
        yield Jobs(foundation.bus, foundation.topology), foundation.store

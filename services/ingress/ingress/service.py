"""The ingress as a part of a process: its app on an HTTP server, between a bus and a store that others start."""

from wajah.messaging.bus import Bus
from wajah.messaging.caller import Jobs
from wajah.messaging.topology import Topology
from wajah.security.passwords import Passwords
from wajah.storage.ports import Store

from ingress.app import build
from ingress.server import HttpServer
from ingress.settings import IngressSettings


class IngressService:
    """`wajah.messaging.service.Service`. Start it after what it stands on."""

    name = "ingress"

    def __init__(self, settings: IngressSettings, bus: Bus, store: Store, topology: Topology) -> None:
        self._bus = bus
        self._store = store
        self._serving = False
        app = build(settings, Jobs(bus, topology), store, Passwords(), self.ready)
        self._server = HttpServer(app, settings.bind, grace_s=settings.grace_s)

    @property
    def port(self) -> int:
        """Where it listens, once started."""
        return self._server.port

    async def start(self) -> None:
        """Raises OSError when the address is taken."""
        await self._server.start()
        self._serving = True

    async def ready(self) -> bool:
        """False from the beginning of a drain on, and while bus or store can't be reached."""
        return self._serving and self._bus.ready and await self._store.ready()

    async def drain(self) -> None:
        """Not ready; accept no more connections; finish the requests in hand."""
        self._serving = False
        await self._server.drain()

    async def stop(self) -> None:
        """Also after a drain that was cut short."""
        await self._server.stop()

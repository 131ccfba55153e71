"""Chooses the bus by its URL."""

from wajah.messaging.amqp import AmqpBus
from wajah.messaging.bus import Bus
from wajah.messaging.inprocess import InProcessBus
from wajah.messaging.topology import Topology


def open_bus(url: str, topology: Topology) -> Bus:
    """The bus, not started, of `memory:` or `amqp[s]://user:password@host:port/vhost`. Raises ValueError for another URL."""
    scheme = url.partition(":")[0]
    if scheme == "memory":
        return InProcessBus(topology)
    if scheme in {"amqp", "amqps"}:
        return AmqpBus(url, topology)
    raise ValueError(f"not a bus: {scheme!r}; memory: or amqp://user:password@host:port/vhost")

"""Which queues there are, of which kind, and the queue of a stage: frozen values, one place."""

from dataclasses import dataclass
from typing import Final
from zlib import crc32

from wajah.contracts.envelope import Envelope
from wajah.contracts.stages import STAGES, Kind
from wajah.contracts.types import GalleryKey

DELIVERY_LIMIT: Final = 3
EMBED_QUEUE_LENGTH: Final = 2_000  # images of 100 KB to 6 MB: a bound on broker memory, not a target
SHARD_QUEUE_LENGTH: Final = 50_000  # templates of 2 KB


@dataclass(frozen=True, slots=True)
class Queue:
    """A stage queue. `durable` ones are quorum queues with persistent messages, a delivery limit and a dead-letter queue;
    the others classic queues with transient messages."""

    name: str
    durable: bool = False
    single_active: bool = False
    max_length: int = SHARD_QUEUE_LENGTH


@dataclass(frozen=True, slots=True)
class Shard:
    """The two queues of one matcher shard, or of a connector: reads travel light, writes are durable."""

    reads: Queue
    writes: Queue


@dataclass(frozen=True, slots=True)
class Topology:
    """All queues of a deployment. `shards` is fixed for its life: another number sends galleries to other owners.

    `prefix` begins every queue's name: two deployments can share a broker.
    """

    shards: int
    prefix: str = "wajah"

    @property
    def embed(self) -> Queue:
        return Queue(f"{self.prefix}.embed", max_length=EMBED_QUEUE_LENGTH)

    @property
    def pedulilindungi(self) -> Shard:
        """The two queues of the PeduliLindungi connector."""
        name = f"{self.prefix}.pedulilindungi"
        return Shard(reads=Queue(name), writes=Queue(f"{name}.write", durable=True))

    @property
    def dukcapil(self) -> Queue:
        """The queue of the Dukcapil connector: its jobs carry images, and write nothing."""
        return Queue(f"{self.prefix}.dukcapil", max_length=EMBED_QUEUE_LENGTH)

    @property
    def unfinished(self) -> Queue:
        """Jobs that failed after a stage that can't be undone; the owner of that stage brings them to their end."""
        return Queue(f"{self.prefix}.unfinished", durable=True)

    @property
    def dead_letters(self) -> str:
        """Name of the queue of what could not be handled."""
        return f"{self.prefix}.dead"

    def shard(self, number: int) -> Shard:
        return Shard(
            reads=Queue(f"{self.prefix}.match.{number}", single_active=True),
            writes=Queue(f"{self.prefix}.match.{number}.write", durable=True, single_active=True),
        )

    def shard_of(self, gallery: GalleryKey) -> int:
        return crc32("\0".join(gallery).encode()) % self.shards

    def queues(self) -> list[Queue]:
        shards = [*(self.shard(number) for number in range(self.shards)), self.pedulilindungi]
        return [
            self.embed,
            self.dukcapil,
            self.unfinished,
            *(queue for shard in shards for queue in (shard.reads, shard.writes)),
        ]

    def queue_of(self, envelope: Envelope) -> Queue:
        """The queue of an envelope's next stage."""
        spec = STAGES[envelope.next_stage]
        if spec.service == "embedder":
            return self.embed
        if spec.service == "dukcapil":
            return self.dukcapil
        shard = self.pedulilindungi if spec.service == "pedulilindungi" else self.shard(self.shard_of(envelope.gallery))
        return shard.writes if spec.kind is Kind.WRITE else shard.reads

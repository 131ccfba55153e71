"""A worker process that dies of one job: `python -m tests.integration.poisoned_worker URL PREFIX`."""

import asyncio
import os
import sys

from wajah.contracts.envelope import Job
from wajah.contracts.jobs import DeleteFace, ListFaces
from wajah.contracts.results import FaceDeleted, FacesListed, Result
from wajah.contracts.stages import Stage
from wajah.messaging.amqp import AmqpBus
from wajah.messaging.slip import Source, Worker
from wajah.messaging.topology import Topology

POISON = "poison"


async def delete(job: Job[DeleteFace]) -> Result:
    await asyncio.sleep(0.05)
    if job.payload.user_id == POISON:
        os._exit(9)
    return FaceDeleted(user_id=job.payload.user_id)


async def list_faces(job: Job[ListFaces]) -> Result:
    await asyncio.sleep(0.05)
    if job.payload.gallery_id == POISON:
        os._exit(9)
    return FacesListed(faces=())


async def main(url: str, prefix: str) -> None:
    topology = Topology(1, prefix=prefix)
    bus = AmqpBus(url, topology)
    await bus.start()
    worker = Worker(bus, topology, {Stage.FACE_DELETE: delete, Stage.FACE_LIST: list_faces})
    shard = topology.shard(0)
    await worker.start([Source(shard.reads, 64), Source(shard.writes, 64)])
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))

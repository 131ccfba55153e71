"""A bus that refuses and stages that count, for the tests of the worker."""

import asyncio
from collections.abc import Mapping
from typing import Any

from wajah.contracts.envelope import Job
from wajah.contracts.results import Embedded, Enrolled, FaceBox, FacesListed, Identified, Result
from wajah.contracts.stages import Stage
from wajah.messaging.bus import BusError, Message
from wajah.messaging.inprocess import InProcessBus
from wajah.messaging.slip import StageHandler
from wajah.messaging.topology import Queue, Topology


class FlakyBus(InProcessBus):
    """Refuses to publish as often as it is told to."""

    def __init__(self, topology: Topology) -> None:
        super().__init__(topology)
        self.refusals = 0
        self.published: list[tuple[Queue, Message]] = []

    async def publish(self, queue: Queue, message: Message) -> None:
        if self.refusals and message.return_address is not None and self.published:
            self.refusals -= 1
            raise BusError
        self.published.append((queue, message))
        await super().publish(queue, message)


class Stages:
    """Handlers that count, and that can be told to fail."""

    def __init__(self) -> None:
        self.jobs: list[Job[Any]] = []
        self.error: Exception | None = None
        self.running = 0
        self.most_at_once = 0

    def table(self) -> Mapping[Stage, StageHandler]:
        return {
            Stage.EMBED: self.embed,
            Stage.MATCH_IDENTIFY: self.identify,
            Stage.MATCH_ENROL: self.enrol,
            Stage.FACE_LIST: self.list_faces,
        }

    async def embed(self, job: Job[Any]) -> Result:
        await self.enter(job)
        box = FaceBox(left=0, top=0, right=1, bottom=1)
        return Embedded(template=b"template", dimension=2, model_id="m", masked=False, box=box, faces=1, detection_score=0.9)

    async def identify(self, job: Job[Any]) -> Result:
        self.jobs.append(job)
        return Identified(best=None, similarity=0.25)

    async def enrol(self, job: Job[Any]) -> Result:
        await self.enter(job)
        return Enrolled(user_id=job.payload.user_id, replaced=False)

    async def list_faces(self, job: Job[Any]) -> Result:
        await self.enter(job)
        return FacesListed(faces=())

    async def enter(self, job: Job[Any]) -> None:
        self.jobs.append(job)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        await asyncio.sleep(0.005)
        self.running -= 1
        if self.error is not None:
            raise self.error

"""Asks matchers over a bus, entering jobs after their embed stage."""

import time
import uuid
from typing import Any

from wajah.contracts.envelope import Envelope, Reply
from wajah.contracts.errors import Code
from wajah.contracts.framing import encode
from wajah.contracts.jobs import Enrol, Payload
from wajah.contracts.results import Embedded, FaceBox
from wajah.contracts.stages import ITINERARIES, Stage
from wajah.messaging.bus import Bus, Message
from wajah.messaging.topology import Topology
from wajah.storage.ports import Quota, Store

from tests.unit.matcher.faces import GALLERY, MODEL, Template

NO_IMAGE = b""
MAIN = GALLERY.gallery_id


class Platform:
    """A bus with matchers on it, and their store."""

    def __init__(self, bus: Bus, topology: Topology, store: Store) -> None:
        self.bus = bus
        self.topology = topology
        self.store = store

    async def ask(
        self,
        payload: Payload,
        probe: Template | None = None,
        *,
        client_id: str = GALLERY.client_id,
        job_id: str | None = None,
        **embedded: Any,
    ) -> Reply:
        results = {} if probe is None else {Stage.EMBED: dict(embedding(probe, **embedded))}
        envelope = Envelope(
            job=payload.job,
            job_id=job_id or uuid.uuid4().hex,
            client_id=client_id,
            deadline=time.time() + 5,
            slip=ITINERARIES[payload.job][-1:],
            payload=dict(payload),
            results=results,
        )
        return await self.bus.request(self.topology.queue_of(envelope), Message(encode(envelope), envelope.deadline))

    async def left(self, quota: Quota, client_id: str = GALLERY.client_id) -> int | None:
        found = await self.store.clients.get(client_id)
        assert found is not None
        return found.remaining[quota]


def embedding(probe: Template, **changed: Any) -> Embedded:
    fields = {
        "template": probe.astype("<f4").tobytes(),
        "dimension": MODEL.dimension,
        "model_id": MODEL.model_id,
        "masked": False,
        "box": FaceBox(left=0, top=0, right=9, bottom=9),
        "faces": 1,
        "detection_score": 1.0,
    }
    return Embedded(**{**fields, **changed})


def enrolment(user_id: str, *, force: bool = False, gallery_id: str = MAIN) -> Enrol:
    return Enrol(gallery_id=gallery_id, user_id=user_id, user_name=f"name of {user_id}", force=force, image=NO_IMAGE)


def refusal(reply: Reply) -> tuple[Code, str]:
    assert reply.error is not None
    return reply.error.code, reply.error.message

"""Brings to their end the enrolments that PeduliLindungi accepted and that then failed here, and keeps account of them."""

import asyncio
import time
from typing import Final

import structlog
from prometheus_client import Counter
from wajah.contracts.envelope import Envelope
from wajah.contracts.errors import Code, JobError, WajahError
from wajah.contracts.framing import decode, encode
from wajah.contracts.stages import JobName, Stage, Step
from wajah.messaging.bus import Bus, Delivery, Message, Subscription
from wajah.messaging.topology import Topology
from wajah.storage.ports import Settlement, Store

AT_ONCE: Final = 8
ATTEMPT_S: Final = 5.0  # well within the grace period of a connector that ends
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
CRASHES: Final = 3  # so many attempts may end with 500 before it is given up

RECONCILED: Final = Counter(
    "wajah_pl_reconciled",
    "Enrolments that PeduliLindungi had accepted and that failed here, by what became of them.",
    ["outcome"],
)

_log = structlog.get_logger(__name__)


class Ending(Exception):
    """The connector ends: the message goes back to its queue."""


class Reconciler:
    """Repeats our own write until it is done, or can't be done any more; then an operator finds it among the dead letters.

    What it writes is an enrolment like any other, of the same job, so that writing it twice changes nothing.
    """

    def __init__(self, bus: Bus, topology: Topology, store: Store) -> None:
        self._bus = bus
        self._topology = topology
        self._store = store
        self._ending = asyncio.Event()
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Raises BusError."""
        self._subscription = await self._bus.consume(self._topology.unfinished, self._finish, prefetch=AT_ONCE)

    async def drain(self) -> None:
        """Jobs that still wait for their next attempt go back to the queue."""
        self._ending.set()
        if self._subscription is not None:
            await self._subscription.cancel()

    async def _finish(self, delivery: Delivery) -> None:
        envelope = decode(delivery.message.body, delivery.message.content_type)
        if envelope.job is not JobName.PL_ENROL or envelope.next_stage not in {Stage.PL_REGISTER, Stage.MATCH_ENROL}:
            await self._bus.park(delivery.message, delivery.queue, f"nobody finishes {envelope.next_stage.value}")
            return
        outcome = await self._outcome(envelope)
        if outcome is Settlement.ABANDONED:
            await self._bus.park(delivery.message, delivery.queue, "registered at PeduliLindungi, can't be enrolled here")
        told = "nothing accepted" if outcome is None else outcome.value
        RECONCILED.labels(told).inc()
        _log.warning("job reconciled", outcome=told, job_id=envelope.job_id, trx_id=envelope.trx_id)

    async def _outcome(self, envelope: Envelope) -> Settlement | None:
        """None where PeduliLindungi accepted nothing. Raises Ending."""
        pause_s, crashes = FIRST_PAUSE_S, 0
        while True:
            try:
                return await self._attempt(envelope)
            except WajahError as error:
                crashes += error.code is Code.SERVER_ERROR
                _log.info("job not reconciled yet", job_id=envelope.job_id, code=error.code.value)
            if crashes == CRASHES:
                await self._store.upstream_calls.settle(envelope.job_id, Stage.PL_REGISTER, Settlement.ABANDONED)
                return Settlement.ABANDONED
            await self._pause(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _attempt(self, envelope: Envelope) -> Settlement | None:
        """Raises WajahError 503 or 500 where it may be tried again."""
        calls = self._store.upstream_calls
        call = await calls.get(envelope.job_id, Stage.PL_REGISTER)
        if envelope.next_stage is Stage.PL_REGISTER and (call is None or call.code is not Code.SUCCESS):
            return None
        if call is not None and call.settlement is not Settlement.OPEN:
            return call.settlement
        error = await self._write(envelope)
        if error is not None and error.code in {Code.BUSY, Code.SERVER_ERROR}:
            raise WajahError.from_data(error)
        settlement = Settlement.RECONCILED
        if error is not None:
            enrolled = await self._store.faces.enrolled(envelope.gallery, str(envelope.payload["user_id"]))
            settlement = Settlement.SUPERSEDED if enrolled else Settlement.ABANDONED
        await calls.settle(envelope.job_id, Stage.PL_REGISTER, settlement)
        return settlement

    async def _write(self, envelope: Envelope) -> JobError | None:
        """An enrolment that nobody waits for any more, of the template that the job carries."""
        again = envelope.model_copy(
            update={
                "job": JobName.ENROL,
                "slip": (Step(stage=Stage.MATCH_ENROL),),
                "deadline": time.time() + ATTEMPT_S,
                "results": {Stage.EMBED: envelope.results[Stage.EMBED]},
                "attempts": 0,
            }
        )
        message = Message(encode(again), again.deadline)
        return (await self._bus.request(self._topology.queue_of(again), message)).error

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return
        raise Ending

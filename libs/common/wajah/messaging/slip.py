"""The worker: takes jobs from its queues, runs their next stage, and sends them on or answers the caller."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final

import structlog

from wajah.contracts.envelope import Envelope, Job, Reply
from wajah.contracts.errors import Code, DeadlineExceeded, JobError, WajahError
from wajah.contracts.framing import FRAME_TYPE, decode, encode
from wajah.contracts.results import Result
from wajah.contracts.stages import STAGES, Kind, Stage
from wajah.messaging.bus import Bus, BusError, Delivery, Message, Subscription
from wajah.messaging.isolation import Gate, turn
from wajah.messaging.topology import DELIVERY_LIMIT, Queue, Topology
from wajah.telemetry import metrics

StageHandler = Callable[[Job[Any]], Awaitable[Result]]
"""Runs a stage. A WajahError is the job's answer; anything else is logged, and the caller is told 500."""

OnFinished = Callable[[Envelope, Reply], Awaitable[None]]
"""Called after the reply of every job that ended here."""

HANDOVER_S: Final = 5.0  # how long the broker may take to accept what must not be lost

_PARKED_TEXT: Final = "Server error: given up after several attempts"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """A queue to take jobs from; `prefetch` and `standby_s` as `Bus.consume` has them."""

    queue: Queue
    prefetch: int
    standby_s: float = 0.0


class Worker:
    """Runs the stages of `handlers`. A message is acknowledged only when the next hop, or the reply, is confirmed.

    A job that fails after a stage that can't be undone is left on the queue of unfinished jobs before its caller is told.

    A job that comes back because a worker died with it is a suspect: it goes through its queue again with one more attempt
    to its name, and runs alone. Past the delivery limit it is parked, and the caller told.
    """

    def __init__(
        self,
        bus: Bus,
        topology: Topology,
        handlers: Mapping[Stage, StageHandler],
        *,
        on_finished: OnFinished | None = None,
    ) -> None:
        self._bus = bus
        self._topology = topology
        self._handlers = handlers
        self._on_finished = on_finished
        self._gate = Gate()
        self._subscriptions: list[Subscription] = []

    async def start(self, sources: Sequence[Source]) -> None:
        """Take jobs. Raises BusError when a queue can't be consumed."""
        for source in sources:
            subscription = await self._bus.consume(
                source.queue, self._handle, prefetch=source.prefetch, standby_s=source.standby_s
            )
            self._subscriptions.append(subscription)

    async def drain(self) -> None:
        """Take no more jobs, and finish those in hand."""
        subscriptions, self._subscriptions = self._subscriptions, []
        await asyncio.gather(*(subscription.cancel() for subscription in subscriptions))

    async def _handle(self, delivery: Delivery) -> None:
        try:
            envelope = decode(delivery.message.body, delivery.message.content_type)
        except WajahError as error:
            await self._refuse(delivery, error)
            return
        if delivery.redelivered:
            again = envelope.model_copy(update={"attempts": envelope.attempts + 1})
            if again.attempts > DELIVERY_LIMIT:
                await self._park(delivery, again)
                return
            if await self._put_back(delivery, again):
                return
            envelope = again
        async with self._admission(envelope):
            await self._run(delivery, envelope)

    def _admission(self, envelope: Envelope) -> AbstractAsyncContextManager[None]:
        return self._gate.alone(turn(envelope)) if envelope.attempts else self._gate.together()

    async def _run(self, delivery: Delivery, envelope: Envelope) -> None:
        if envelope.remaining_s() <= 0:
            await self._answer_late(delivery, envelope)
            return
        step = envelope.slip[0]
        with metrics.IN_FLIGHT.labels(step.stage).track_inprogress():
            outcome, elapsed_s = await self._stage(envelope)
        metrics.STAGE_SECONDS.labels(step.stage).observe(elapsed_s)
        elapsed_ms = round(elapsed_s * 1000, 3)
        if isinstance(outcome, Result):
            advanced = envelope.advanced(result=outcome, elapsed_ms=elapsed_ms)
        elif step.on_error == "continue":
            advanced = envelope.advanced(error=outcome, elapsed_ms=elapsed_ms)
        else:
            timings_ms = {**envelope.timings_ms, step.stage: elapsed_ms}
            await self._fail(delivery, envelope.model_copy(update={"timings_ms": timings_ms}), outcome)
            return
        if not advanced.slip:
            await self._finish(delivery, advanced, None)
            return
        try:
            await self._send(self._topology.queue_of(advanced), advanced, delivery)
        except WajahError as error:
            await self._fail(delivery, advanced, error.as_data())
        else:
            metrics.JOBS.labels(step.stage, Code.SUCCESS.value).inc()

    async def _stage(self, envelope: Envelope) -> tuple[Result | JobError, float]:
        """The outcome of the next stage, and the seconds that it took."""
        stage = envelope.next_stage
        started = time.perf_counter()
        try:
            handler = self._handlers.get(stage)
            if handler is None:
                raise WajahError(Code.MALFORMED, f"Request malformed: no stage {stage.value} here")
            return await handler(Job.open(envelope)), time.perf_counter() - started
        except WajahError as error:
            return error.as_data(), time.perf_counter() - started
        except Exception:
            _log.exception("stage failed", stage=stage.value, job_id=envelope.job_id, trx_id=envelope.trx_id)
            return WajahError(Code.SERVER_ERROR).as_data(), time.perf_counter() - started

    async def _send(self, queue: Queue, envelope: Envelope, delivery: Delivery) -> None:
        message = Message(encode(envelope), envelope.deadline, FRAME_TYPE, delivery.message.return_address)
        await self._bus.publish(queue, message)

    async def _put_back(self, delivery: Delivery, again: Envelope) -> bool:
        """Through the queue again, where a suspect counts its attempts; False when the queue does not take it."""
        try:
            await self._send(delivery.queue, again, delivery)
        except WajahError:
            return False
        return True

    async def _answer_late(self, delivery: Delivery, envelope: Envelope) -> None:
        await self._leave_unfinished(envelope, begun=envelope.attempts > 0)
        try:
            await self._finish(delivery, envelope, DeadlineExceeded().as_data())
        except BusError:
            _log.info("late job dropped", job_id=envelope.job_id, trx_id=envelope.trx_id)

    async def _fail(self, delivery: Delivery, envelope: Envelope, error: JobError) -> None:
        await self._leave_unfinished(envelope)
        await self._finish(delivery, envelope, error)

    async def _leave_unfinished(self, envelope: Envelope, *, begun: bool = False) -> None:
        """`begun` is whether a worker that died may have done the next stage. Raises BusError, so that the message comes
        back rather than be lost."""
        perhaps_done = [*envelope.results, *([envelope.next_stage] if begun else [])]
        if any(STAGES[stage].irreversible for stage in perhaps_done):
            _log.error("job unfinished", stage=envelope.next_stage.value, job_id=envelope.job_id, trx_id=envelope.trx_id)
            message = Message(encode(envelope), time.time() + HANDOVER_S, FRAME_TYPE)
            await self._bus.publish(self._topology.unfinished, message)
            metrics.UNFINISHED.inc()

    async def _park(self, delivery: Delivery, envelope: Envelope) -> None:
        """Reads are parked without their binary fields: images never enter a durable queue."""
        stage = envelope.next_stage
        _log.error("job parked", stage=stage.value, job_id=envelope.job_id, trx_id=envelope.trx_id)
        kept = envelope if STAGES[stage].kind is Kind.WRITE else envelope.without_binaries()
        message = Message(encode(kept), envelope.deadline, FRAME_TYPE, delivery.message.return_address)
        await self._bus.park(message, delivery.queue, f"{envelope.attempts} workers died with it")
        metrics.PARKED.inc()
        await self._finish(delivery, envelope, JobError(code=Code.SERVER_ERROR, message=_PARKED_TEXT))

    async def _refuse(self, delivery: Delivery, error: WajahError) -> None:
        """Answer what is no job; without a return address it is parked, but not its bytes, which may hold an image."""
        address = delivery.message.return_address
        _log.warning("message refused", queue=delivery.queue.name, size=len(delivery.message.body), code=error.code.value)
        if address is not None:
            await self._bus.reply(address, Reply(error=error.as_data()))
            return
        reason = f"{error.message} ({len(delivery.message.body)} bytes of {delivery.message.content_type})"
        await self._bus.park(Message(b"", delivery.message.deadline), delivery.queue, reason)
        metrics.PARKED.inc()

    async def _finish(self, delivery: Delivery, envelope: Envelope, error: JobError | None) -> None:
        """The journey ends here: `envelope` is as far as it came."""
        bare = envelope.without_binaries()
        reply = Reply(
            job=bare.job,
            job_id=bare.job_id,
            error=error,
            results=bare.results,
            failures=bare.failures,
            timings_ms=bare.timings_ms,
        )
        address = delivery.message.return_address
        if address is not None:
            await self._bus.reply(address, reply)
        code = Code.SUCCESS if error is None else error.code
        metrics.JOBS.labels(_last_stage(envelope), code.value).inc()
        if self._on_finished is None:
            return
        try:
            await self._on_finished(bare, reply)
        except Exception:
            _log.exception("recording failed", job_id=envelope.job_id, trx_id=envelope.trx_id)


def _last_stage(envelope: Envelope) -> str:
    """The stage that ended the job: the one that failed, or the last of the itinerary."""
    return (envelope.next_stage if envelope.slip else next(reversed(envelope.timings_ms))).value

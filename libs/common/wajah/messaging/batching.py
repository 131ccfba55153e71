"""Collects single items into batches for work that is cheaper together, without keeping anybody waiting for company."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from wajah.contracts.errors import DeadlineExceeded

I = TypeVar("I")  # noqa: E741 - item in, outcome out
O = TypeVar("O")  # noqa: E741


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[I, O]):
    item: I
    deadline: float
    alone: bool
    outcome: "asyncio.Future[O]"


class MicroBatcher(Generic[I, O]):
    """Batches of at most `max_batch` items, one batch at a time, first come first served.

    An idle batcher takes what is there at once. While the runner is busy, items gather. Only within `max_wait_ms`
    after a batch of several does it wait for as many again: then there is load, and the same callers are about to come back.

    `run` gives one outcome an item, in order; an exception in the list is that item's alone. Where `run` itself raises, each
    item is tried again by itself, so that one bad item never fails its neighbours.
    """

    def __init__(
        self, run: Callable[[list[I]], Awaitable[list[O | Exception]]], *, max_batch: int, max_wait_ms: float
    ) -> None:
        self._run = run
        self._max_batch = max_batch
        self._max_wait_s = max_wait_ms / 1000
        self._waiting: deque[_Waiting[I, O]] = deque()
        self._arrived = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._last_size = 0
        self._last_end = 0.0

    async def submit(self, item: I, *, deadline: float, alone: bool = False) -> O:
        """The item's outcome. `deadline` is Unix time in seconds; an `alone` item is run in a batch of one.

        Raises DeadlineExceeded at the deadline, whether or not the batch has begun, and whatever the item's run raised.
        """
        remaining_s = deadline - time.time()
        if remaining_s <= 0:
            raise DeadlineExceeded
        outcome: asyncio.Future[O] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item, deadline, alone, outcome))
        self._arrived.set()
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(), name="micro-batcher")
        try:
            async with asyncio.timeout(remaining_s):
                return await outcome
        except TimeoutError:
            if outcome.cancelled():
                raise DeadlineExceeded from None
            raise

    async def close(self) -> None:
        """Return when everything submitted has its outcome."""
        while self._worker is not None:
            await asyncio.wait([self._worker])

    async def _work(self) -> None:
        """Lives while there is something to do."""
        try:
            while self._waiting:
                await self._gather()
                batch = self._take()
                if batch:
                    await self._execute(batch)
                    self._last_size, self._last_end = len(batch), time.time()
        finally:
            self._worker = None

    async def _gather(self) -> None:
        """After a batch of several, wait for as many again: until `max_wait_ms` after its end, and never for more than half
        of the time that anybody waiting has left."""
        size = min(self._last_size, self._max_batch)
        while len(self._waiting) < size and not any(waiting.alone for waiting in self._waiting):
            now = time.time()
            half_s = min((waiting.deadline - now) / 2 for waiting in self._waiting)
            wait_s = min(self._last_end + self._max_wait_s - now, half_s)
            if wait_s <= 0:
                return
            self._arrived.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._arrived.wait()
            except TimeoutError:
                return

    def _take(self) -> list[_Waiting[I, O]]:
        """The next batch, without those whose caller has left."""
        batch: list[_Waiting[I, O]] = []
        while self._waiting and len(batch) < self._max_batch:
            if batch and self._waiting[0].alone:
                break
            waiting = self._waiting.popleft()
            if waiting.outcome.done():
                continue
            if waiting.deadline <= time.time():
                waiting.outcome.set_exception(DeadlineExceeded())
                continue
            batch.append(waiting)
            if waiting.alone:
                break
        return batch

    async def _execute(self, batch: list[_Waiting[I, O]]) -> None:
        try:
            outcomes = await self._run([waiting.item for waiting in batch])
            if len(outcomes) != len(batch):
                raise RuntimeError(f"{len(outcomes)} outcomes for {len(batch)} items")
        except Exception as error:
            if len(batch) == 1:
                _settle(batch[0], error)
                return
            for waiting in batch:
                await self._execute([waiting])
            return
        for waiting, outcome in zip(batch, outcomes, strict=True):
            _settle(waiting, outcome)


def _settle(waiting: _Waiting[I, O], outcome: O | Exception) -> None:
    if waiting.outcome.done():
        return
    if isinstance(outcome, Exception):
        waiting.outcome.set_exception(outcome)
    else:
        waiting.outcome.set_result(outcome)

"""Who may come in: bounds the jobs in flight and the estimated wait, so that an overloaded system answers 503 at once."""

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from wajah.contracts.errors import Code, WajahError

ALWAYS_ADMITTED = 8  # so many go on even when the estimate is bad: only answers can better it
SMOOTHING = 0.05  # an answer's share of the estimate: evens out batches of up to some 20 answers


class Lane:
    """The jobs under way towards one service.

    The wait is estimated by Little's law: jobs in flight times the seconds between two answers. The time between answers
    counts only while there was work, so an idle hour does not look slow.
    """

    def __init__(self, *, max_in_flight: int, max_wait_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.in_flight = 0
        self._max_in_flight = max_in_flight
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._seconds_per_answer = 0.0
        self._last_answer = clock()

    @property
    def estimated_wait_s(self) -> float:
        return self.in_flight * self._seconds_per_answer

    def check(self) -> None:
        """Raises WajahError 503, with when to come back, while there is no room for one more."""
        excess_s = self.estimated_wait_s - self._max_wait_s
        too_slow = self.in_flight >= ALWAYS_ADMITTED and excess_s > 0
        if too_slow or self.in_flight >= self._max_in_flight:
            raise WajahError(Code.BUSY, retry_after_s=max(1.0, excess_s))

    @contextmanager
    def job(self) -> Generator[None]:
        """One job's stay. Raises like `check`."""
        self.check()
        started = self._clock()
        self.in_flight += 1
        try:
            yield
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._learn(started)
            raise
        else:
            self._learn(started)
        finally:
            self.in_flight -= 1

    def _learn(self, started: float) -> None:
        now = self._clock()
        busy_s = now - max(self._last_answer, started)
        self._seconds_per_answer += SMOOTHING * (busy_s - self._seconds_per_answer)
        self._last_answer = now

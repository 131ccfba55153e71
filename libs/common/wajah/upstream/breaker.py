"""A circuit breaker: while the other side is down, callers are told at once, and one of them at a time tries again."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from wajah.upstream.faults import Down, Unreachable


class Breaker:
    """Opens after `failures` calls in a row that found the other side down. `open_s` later one probe is let through: it
    closes the breaker, or opens it for as long again. `refusal` makes what is raised while it is open."""

    def __init__(
        self,
        *,
        failures: int,
        open_s: float,
        refusal: Callable[[], Exception] = Unreachable,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._open_s = open_s
        self._refusal = refusal
        self._clock = clock
        self._failures = 0
        self._opened_at = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        return self._failures >= self._limit

    @contextmanager
    def call(self) -> Generator[None]:
        """One call, whose outcome is learnt from. Raises the refusal while open."""
        is_probe = self._admit()
        try:
            yield
        except Down:
            self._failures += 1
            self._opened_at = self._clock()
            raise
        except Exception:
            self._failures = 0  # it answered
            raise
        else:
            self._failures = 0
        finally:
            if is_probe:
                self._probing = False

    def _admit(self) -> bool:
        """Whether this call is the probe."""
        if not self.is_open:
            return False
        if self._probing or self._clock() - self._opened_at < self._open_s:
            raise self._refusal()
        self._probing = True
        return True

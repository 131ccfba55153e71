"""The day's quota, which Dukcapil renews at midnight in Jakarta: what is used up is not asked for again until then."""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Final

from prometheus_client import Gauge
from wajah.contracts.errors import Code, WajahError

JAKARTA: Final = timezone(timedelta(hours=7))  # without summer time since 1964

LEFT: Final = Gauge("wajah_dukcapil_quota_left", "Calls that are left today, as Dukcapil told it last.", ["method"])


class DayQuota:
    """Of one method, as this process knows it. `limit` is of calls a day; None is as many as Dukcapil allows."""

    def __init__(self, method: str, limit: int | None, clock: Callable[[], float] = time.time) -> None:
        self._method = method
        self._limit = limit
        self._clock = clock
        self._day = date.min
        self._taken = 0
        self._used_up = False

    def take(self) -> None:
        """One call. Raises WajahError 702 where none is left."""
        today = datetime.fromtimestamp(self._clock(), JAKARTA).date()
        if today != self._day:
            self._day, self._taken, self._used_up = today, 0, False
        if self._used_up or (self._limit is not None and self._taken >= self._limit):
            raise WajahError(Code.DK_QUOTA)
        self._taken += 1

    def exhaust(self) -> None:
        """Dukcapil said that it is used up."""
        self._used_up = True
        LEFT.labels(self._method).set(0)

    def tell(self, left: int) -> None:
        LEFT.labels(self._method).set(left)

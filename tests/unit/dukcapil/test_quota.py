"""The day's quota, on a clock of the test's own."""

from datetime import datetime

import pytest
from dukcapil.quota import DayQuota
from wajah.contracts.errors import Code, WajahError


class Clock:
    def __init__(self, moment: str) -> None:
        self.set(moment)

    def set(self, moment: str) -> None:
        self.now = datetime.fromisoformat(moment).timestamp()

    def __call__(self) -> float:
        return self.now


def is_used_up(quota: DayQuota) -> bool:
    try:
        quota.take()
    except WajahError as refusal:
        return refusal.code is Code.DK_QUOTA
    return False


def test_what_dukcapil_calls_used_up_is_so_until_midnight_in_jakarta() -> None:
    clock = Clock("2026-03-01T12:00Z")
    quota = DayQuota("identify", None, clock)
    quota.take()
    quota.exhaust()

    before = is_used_up(quota)
    clock.set("2026-03-01T16:59Z")
    still = is_used_up(quota)
    clock.set("2026-03-01T17:00Z")

    assert (before, still, is_used_up(quota)) == (True, True, False)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_a_limit_is_of_calls_a_day(limit: int) -> None:
    clock = Clock("2026-03-01T12:00Z")
    quota = DayQuota("identify", limit, clock)

    first = [is_used_up(quota) for _ in range(limit + 2)]
    clock.set("2026-03-02T12:00Z")
    second = [is_used_up(quota) for _ in range(limit + 1)]

    assert first == [False] * limit + [True, True]
    assert second == [False] * limit + [True]


def test_without_a_limit_every_call_is_tried() -> None:
    quota = DayQuota("identify", None)

    assert not any(is_used_up(quota) for _ in range(1000))

import asyncio
from contextlib import ExitStack

import pytest
from ingress.admission import ALWAYS_ADMITTED, Lane
from wajah.contracts.errors import Code, WajahError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lane(clock: Clock, *, max_in_flight: int = 100, max_wait_s: float = 5.0) -> Lane:
    return Lane(max_in_flight=max_in_flight, max_wait_s=max_wait_s, clock=clock)


def serve(lane: Lane, clock: Clock, seconds: float, times: int = 200) -> None:
    for _ in range(times):
        with lane.job():
            clock.now += seconds


def test_jobs_past_the_bound_are_refused_at_once_and_told_when_to_come_back(clock: Clock) -> None:
    full = lane(clock, max_in_flight=1)

    with full.job(), pytest.raises(WajahError) as refusal:
        full.check()

    assert refusal.value.code is Code.BUSY
    assert refusal.value.retry_after_s is not None
    assert refusal.value.retry_after_s >= 1


def test_a_refused_job_takes_no_room(clock: Clock) -> None:
    full = lane(clock, max_in_flight=1)

    with full.job(), pytest.raises(WajahError), full.job():
        pytest.fail("admitted")

    assert full.in_flight == 0


def stay(lane: Lane, jobs: int) -> ExitStack:
    """So many jobs that don't end."""
    staying = ExitStack()
    for _ in range(jobs):
        staying.enter_context(lane.job())
    return staying


def test_slow_answers_shorten_the_queue(clock: Clock) -> None:
    slow = lane(clock, max_wait_s=5.1)
    serve(slow, clock, seconds=0.5)

    with stay(slow, 11), pytest.raises(WajahError):  # eleven jobs of half a second are more than the wait allowed
        slow.check()


def test_the_retry_hint_is_the_excess_of_the_wait(clock: Clock) -> None:
    slow = lane(clock, max_wait_s=5.0)
    serve(slow, clock, seconds=3.0)

    with stay(slow, ALWAYS_ADMITTED), pytest.raises(WajahError) as refusal:
        slow.check()

    assert refusal.value.retry_after_s == pytest.approx(ALWAYS_ADMITTED * 3.0 - 5.0, rel=0.01)


def test_a_few_jobs_are_always_admitted_so_that_a_bad_estimate_can_better(clock: Clock) -> None:
    recovering = lane(clock)
    serve(recovering, clock, seconds=100.0)

    with stay(recovering, ALWAYS_ADMITTED):
        assert recovering.in_flight == ALWAYS_ADMITTED


def test_idle_time_does_not_look_slow(clock: Clock) -> None:
    idle = lane(clock)
    serve(idle, clock, seconds=0.01)

    for _ in range(50):
        clock.now += 3600
        serve(idle, clock, seconds=0.01, times=1)

    with stay(idle, 99):
        assert idle.estimated_wait_s == pytest.approx(0.99, rel=0.01)


@pytest.mark.parametrize(("end", "counts"), [(WajahError(Code.BUSY), True), (asyncio.CancelledError(), False)])
def test_a_failed_job_counts_like_an_answer_and_an_abandoned_one_not(clock: Clock, end: BaseException, counts: bool) -> None:
    failing = lane(clock)

    def fail() -> None:
        with failing.job():
            clock.now += 10
            raise end

    with pytest.raises(type(end)):
        fail()

    assert failing.in_flight == 0
    with stay(failing, 1):
        assert (failing.estimated_wait_s > 0) is counts

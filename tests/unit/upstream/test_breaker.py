"""The circuit breaker, on a clock of the test's own."""

import pytest
from wajah.upstream.breaker import Breaker
from wajah.upstream.faults import ServerFault, Unreachable, Unreadable


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(failures=2, open_s=10, clock=clock)


def fail(breaker: Breaker) -> None:
    with pytest.raises(ServerFault), breaker.call():
        raise ServerFault


def is_let_through(breaker: Breaker) -> bool:
    try:
        with breaker.call():
            return True
    except Unreachable:
        return False


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    fail(breaker)
    assert is_let_through(breaker)
    fail(breaker)
    fail(breaker)

    assert not is_let_through(breaker)


def test_an_answer_that_is_no_good_is_still_an_answer(breaker: Breaker) -> None:
    fail(breaker)
    with pytest.raises(Unreadable), breaker.call():
        raise Unreadable
    fail(breaker)

    assert is_let_through(breaker)


def test_a_probe_that_succeeds_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    fail(breaker)
    clock.now += 9
    assert not is_let_through(breaker)
    clock.now += 1

    assert is_let_through(breaker)
    fail(breaker)
    assert is_let_through(breaker)


def test_a_probe_that_fails_opens_it_for_as_long_again(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    fail(breaker)
    clock.now += 10
    fail(breaker)

    clock.now += 9
    assert not is_let_through(breaker)
    clock.now += 1
    assert is_let_through(breaker)


def test_there_is_one_probe_at_a_time(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    fail(breaker)
    clock.now += 10

    with breaker.call():
        assert not is_let_through(breaker)


def test_a_probe_that_was_called_off_makes_room_for_the_next(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    fail(breaker)
    clock.now += 10
    with pytest.raises(KeyboardInterrupt), breaker.call():
        raise KeyboardInterrupt

    assert is_let_through(breaker)

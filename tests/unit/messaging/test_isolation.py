"""Suspects run alone, in an order in which nobody stays behind the culprit for long."""

import asyncio
import itertools

from wajah.contracts.envelope import Envelope
from wajah.contracts.stages import JobName
from wajah.messaging.isolation import Gate, turn


def suspect(job_id: str, attempts: int) -> Envelope:
    return Envelope(job=JobName.GALLERY_LIST, job_id=job_id, client_id="c", payload={}, attempts=attempts)


async def test_the_unsuspected_are_inside_together() -> None:
    gate = Gate()
    everybody_in = asyncio.Barrier(3)

    async def enter() -> None:
        async with gate.together(), asyncio.timeout(2):
            await everybody_in.wait()

    await asyncio.gather(enter(), enter(), enter())


async def test_a_suspect_waits_until_the_others_are_out_and_keeps_newcomers_out() -> None:
    gate = Gate(settle_s=0)
    events: list[str] = []
    leave = asyncio.Event()

    async def inside() -> None:
        async with gate.together():
            events.append("first in")
            await leave.wait()
            events.append("first out")

    async def alone() -> None:
        async with gate.alone(0.5):
            events.append("suspect in")
            await asyncio.sleep(0.01)
            events.append("suspect out")

    async def newcomer() -> None:
        async with gate.together():
            events.append("newcomer in")

    first = asyncio.create_task(inside())
    await asyncio.sleep(0.01)
    second = asyncio.create_task(alone())
    await asyncio.sleep(0.01)
    third = asyncio.create_task(newcomer())
    await asyncio.sleep(0.01)
    leave.set()
    await asyncio.gather(first, second, third)

    assert events == ["first in", "first out", "suspect in", "suspect out", "newcomer in"]


async def test_suspects_go_one_by_one_in_the_order_of_their_places() -> None:
    gate = Gate(settle_s=0.01)
    order: list[float] = []
    inside = 0

    async def enter(place: float) -> None:
        nonlocal inside
        async with gate.alone(place):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.001)
            order.append(place)
            inside -= 1

    await asyncio.gather(*(enter(place) for place in (0.7, 0.1, 0.9, 0.3, 0.3)))

    assert order == [0.1, 0.3, 0.3, 0.7, 0.9]


async def test_a_suspect_that_fails_or_is_cancelled_leaves_the_gate_open() -> None:
    gate = Gate(settle_s=0)

    async def cancelled() -> None:
        async with gate.alone(0.5):
            await asyncio.Event().wait()

    task = asyncio.create_task(cancelled())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])

    async with asyncio.timeout(2), gate.together():
        pass


def test_of_two_suspects_each_goes_first_every_other_time() -> None:
    names = [f"job-{number}" for number in range(20)]

    for one, other in itertools.combinations(names, 2):
        for a, b in itertools.product(range(3), repeat=2):
            now = turn(suspect(one, a)) < turn(suspect(other, b))
            after_both_came_back = turn(suspect(one, a + 1)) < turn(suspect(other, b + 1))
            assert now != after_both_came_back

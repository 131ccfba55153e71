"""The micro-batcher: who shares a batch with whom, and who never waits."""

import asyncio
import time

import pytest
from wajah.contracts.errors import DeadlineExceeded
from wajah.messaging.batching import MicroBatcher


class Doubler:
    """Doubles numbers, batch by batch; `held` keeps a batch from ending until it is released."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.released = asyncio.Event()
        self.released.set()

    @property
    def items(self) -> list[int]:
        return [item for batch in self.batches for item in batch]

    def hold(self) -> None:
        self.released.clear()

    async def __call__(self, items: list[int]) -> list[int | Exception]:
        self.batches.append(items)
        await self.released.wait()
        return [ValueError(f"{item} is negative") if item < 0 else item * 2 for item in items]


def soon() -> float:
    return time.time() + 5


@pytest.fixture
def doubler() -> Doubler:
    return Doubler()


@pytest.fixture
def batcher(doubler: Doubler) -> MicroBatcher[int, int]:
    return MicroBatcher(doubler, max_batch=4, max_wait_ms=50)


def submit_all(batcher: MicroBatcher[int, int], items: list[int]) -> "asyncio.Future[list[int | BaseException]]":
    return asyncio.gather(*(batcher.submit(item, deadline=soon()) for item in items), return_exceptions=True)


async def test_every_item_gets_its_own_outcome(batcher: MicroBatcher[int, int]) -> None:
    assert await submit_all(batcher, list(range(100))) == [2 * item for item in range(100)]


async def test_an_idle_batcher_takes_a_single_item_at_once(batcher: MicroBatcher[int, int], doubler: Doubler) -> None:
    slow = MicroBatcher(doubler, max_batch=4, max_wait_ms=60_000)

    async with asyncio.timeout(5):
        for item in (1, 2, 3):
            assert await slow.submit(item, deadline=time.time() + 100) == 2 * item

    assert doubler.batches == [[1], [2], [3]]


async def test_items_gather_while_the_runner_is_busy(batcher: MicroBatcher[int, int], doubler: Doubler) -> None:
    doubler.hold()
    first = asyncio.create_task(batcher.submit(0, deadline=soon()))
    await asyncio.sleep(0.01)
    others = submit_all(batcher, [1, 2, 3, 4, 5])
    await asyncio.sleep(0.01)

    doubler.released.set()
    await asyncio.gather(first, others)

    assert doubler.batches[:2] == [[0], [1, 2, 3, 4]]
    assert doubler.items == [0, 1, 2, 3, 4, 5]


async def test_under_load_it_waits_for_as_many_again(batcher: MicroBatcher[int, int], doubler: Doubler) -> None:
    slow = MicroBatcher(doubler, max_batch=4, max_wait_ms=10_000)

    async def caller(number: int) -> None:
        for turn in range(3):
            await slow.submit(number, deadline=soon())
            await asyncio.sleep(0.001 * (number + turn))

    async with asyncio.timeout(5):
        await asyncio.gather(*(caller(number) for number in range(3)), return_exceptions=True)

    assert [len(batch) for batch in doubler.batches] == [3, 3, 3]


async def test_waiting_for_company_ends_with_the_maximum_wait(batcher: MicroBatcher[int, int], doubler: Doubler) -> None:
    await submit_all(batcher, [1, 2])

    async with asyncio.timeout(2):
        assert await batcher.submit(3, deadline=time.time() + 100) == 6

    assert doubler.batches == [[1, 2], [3]]


async def test_waiting_for_company_leaves_time_before_the_earliest_deadline(doubler: Doubler) -> None:
    batcher = MicroBatcher(doubler, max_batch=4, max_wait_ms=10_000)
    await submit_all(batcher, [1, 2, 3])

    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(
            batcher.submit(4, deadline=time.time() + 100), batcher.submit(5, deadline=time.time() + 0.5)
        )

    assert list(outcomes) == [8, 10]
    assert doubler.batches == [[1, 2, 3], [4, 5]]


async def test_a_batch_is_never_larger_than_the_maximum(batcher: MicroBatcher[int, int], doubler: Doubler) -> None:
    await submit_all(batcher, list(range(10)))

    assert max(len(batch) for batch in doubler.batches) == 4


async def test_one_bad_item_fails_alone(batcher: MicroBatcher[int, int], doubler: Doubler) -> None:
    good, bad, also_good = await submit_all(batcher, [1, -1, 2])

    assert (good, also_good) == (2, 4)
    assert isinstance(bad, ValueError)
    assert doubler.batches == [[1, -1, 2]]


async def test_where_the_whole_batch_fails_each_item_is_tried_by_itself() -> None:
    batches: list[list[int]] = []

    async def fragile(items: list[int]) -> list[int | Exception]:
        batches.append(items)
        if 2 in items:
            raise MemoryError("2 is too much")
        return [*items]

    outcomes = await submit_all(MicroBatcher(fragile, max_batch=4, max_wait_ms=1), [1, 2, 3])

    assert outcomes[0] == 1
    assert isinstance(outcomes[1], MemoryError)
    assert outcomes[2] == 3
    assert batches == [[1, 2, 3], [1], [2], [3]]


async def test_a_runner_that_loses_an_outcome_is_found_out() -> None:
    async def forgetful(items: list[int]) -> list[int | Exception]:
        return [*items[1:]]

    outcomes = await submit_all(MicroBatcher(forgetful, max_batch=4, max_wait_ms=1), [1, 2])

    assert all(isinstance(outcome, RuntimeError) for outcome in outcomes)


async def test_an_item_past_its_deadline_is_refused_without_running(
    batcher: MicroBatcher[int, int], doubler: Doubler
) -> None:
    with pytest.raises(DeadlineExceeded):
        await batcher.submit(1, deadline=time.time() - 1)

    assert doubler.batches == []


async def test_an_item_that_expires_in_the_queue_is_not_run_and_told_at_once(
    batcher: MicroBatcher[int, int], doubler: Doubler
) -> None:
    doubler.hold()
    busy = asyncio.create_task(batcher.submit(1, deadline=soon()))
    await asyncio.sleep(0.01)

    with pytest.raises(DeadlineExceeded):  # while the runner is still busy
        await batcher.submit(2, deadline=time.time() + 0.05)

    doubler.released.set()
    assert await busy == 2
    await batcher.close()
    assert doubler.batches == [[1]]


async def test_an_item_whose_caller_went_away_is_not_run(batcher: MicroBatcher[int, int], doubler: Doubler) -> None:
    doubler.hold()
    busy = asyncio.create_task(batcher.submit(1, deadline=soon()))
    await asyncio.sleep(0.01)
    gone, stays = (asyncio.create_task(batcher.submit(item, deadline=soon())) for item in (2, 3))
    await asyncio.sleep(0.01)

    gone.cancel()
    doubler.released.set()

    assert await busy == 2
    assert await stays == 6
    assert doubler.batches == [[1], [3]]


async def test_a_suspect_runs_in_a_batch_of_one(batcher: MicroBatcher[int, int], doubler: Doubler) -> None:
    doubler.hold()
    busy = asyncio.create_task(batcher.submit(0, deadline=soon()))
    await asyncio.sleep(0.01)
    others = asyncio.gather(
        batcher.submit(1, deadline=soon()),
        batcher.submit(2, deadline=soon(), alone=True),
        batcher.submit(3, deadline=soon()),
        batcher.submit(4, deadline=soon()),
    )
    await asyncio.sleep(0.01)

    doubler.released.set()
    await asyncio.gather(busy, others)

    assert doubler.batches == [[0], [1], [2], [3, 4]]


async def test_the_runners_own_timeout_is_not_taken_for_the_callers_deadline() -> None:
    async def late(items: list[int]) -> list[int | Exception]:
        return [TimeoutError("of the runner") for _ in items]

    with pytest.raises(TimeoutError, match="of the runner"):
        await MicroBatcher(late, max_batch=4, max_wait_ms=1).submit(1, deadline=soon())


async def test_closing_waits_for_what_was_submitted(batcher: MicroBatcher[int, int], doubler: Doubler) -> None:
    waiting = submit_all(batcher, list(range(10)))
    await asyncio.sleep(0)

    await batcher.close()

    assert doubler.items == list(range(10))
    assert await waiting == [2 * item for item in range(10)]

"""What every store must do for transaction records and registered models."""

from datetime import timedelta

from wajah.contracts.errors import Code
from wajah.contracts.models import Calibration, FaceModel
from wajah.storage.ports import Store

from tests.contract.storage_samples import client_in, job, now, transaction


class RecordsSuite:
    async def test_records_come_back_newest_first(self, store: Store) -> None:
        client_id, start = await client_in(store), now()
        records = [transaction(client_id, at=start + timedelta(seconds=second)) for second in (2, 0, 3, 1)]

        await store.transactions.add(records)

        newest_first = sorted(records, key=lambda each: each.at, reverse=True)
        assert await store.transactions.find(client_id) == newest_first
        assert await store.transactions.find(client_id, limit=2) == newest_first[:2]

    async def test_of_records_of_one_moment_the_one_added_last_is_the_newest(self, store: Store) -> None:
        client_id, moment = await client_in(store), now()
        records = [transaction(client_id, at=moment) for _ in range(5)]

        await store.transactions.add(records[:3])
        await store.transactions.add(records[3:])

        assert await store.transactions.find(client_id) == records[::-1]

    async def test_a_record_added_again_is_left_as_it_is(self, store: Store) -> None:
        client_id, job_id = await client_in(store), job()
        first = transaction(client_id, at=now(), job_id=job_id)
        await store.transactions.add([first])
        other = transaction(client_id, at=now() - timedelta(days=1))

        await store.transactions.add([transaction(client_id, at=now(), job_id=job_id, code=Code.BUSY), other])

        assert await store.transactions.find(client_id) == [first, other]

    async def test_clients_see_their_own_records(self, store: Store) -> None:
        mine, theirs = await client_in(store), await client_in(store)

        await store.transactions.add([transaction(mine, at=now())])

        assert await store.transactions.find(theirs) == []

    async def test_no_records_are_no_trouble(self, store: Store) -> None:
        await store.transactions.add([])

        assert await store.transactions.find(await client_in(store)) == []

    async def test_a_model_comes_back_as_it_was_registered_last(self, store: Store) -> None:
        first = FaceModel(
            model_id="pack.$1",
            dimension=128,
            calibration=Calibration(cosines=(-1.0, 0.25, 1.0), similarities=(0.0, 0.75, 1.0)),
            licence="CC0",
        )
        await store.models.register(first)
        last = first.model_copy(update={"licence": "MIT"})

        await store.models.register(last)

        assert await store.models.get("pack.$1") == last

    async def test_an_unknown_model_is_unknown(self, store: Store) -> None:
        assert await store.models.get("none") is None

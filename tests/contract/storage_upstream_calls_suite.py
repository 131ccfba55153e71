"""What every store must do for calls of outside services."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from wajah.contracts.errors import Code
from wajah.contracts.stages import Stage
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import Settlement, Store, UpstreamCall

from tests.contract.storage_samples import ODD_IDS, client_in, job, now

STAGE = Stage.PL_REGISTER
ANSWER: dict[str, Any] = {"success": True, "code": 200, "data": {"userStatus": "green", "a.b": None, "$x": [1, 2.5, "é"]}}


def call_of(gallery: GalleryKey, user_id: str = "nik", *, age_s: float = 0, **fields: Any) -> UpstreamCall:
    call = UpstreamCall(job(), STAGE, gallery, user_id, "Siti", now() - timedelta(seconds=age_s))
    return replace(call, **fields)


def somewhere() -> GalleryKey:
    return GalleryKey(job(), "staff")


async def accepted_in(store: Store, call: UpstreamCall) -> UpstreamCall:
    await store.upstream_calls.begin(call)
    await store.upstream_calls.end(call.job_id, call.stage, Code.SUCCESS, "", ANSWER)
    return replace(call, code=Code.SUCCESS, answer=ANSWER)


async def settlement_of(store: Store, call: UpstreamCall) -> Settlement:
    found = await store.upstream_calls.get(call.job_id, call.stage)
    assert found is not None
    return found.settlement


class UpstreamCallsSuite:
    @pytest.mark.parametrize("name", ODD_IDS)
    async def test_a_call_comes_back_as_it_was(self, store: Store, name: str) -> None:
        call = call_of(GalleryKey(job(), name), name, user_name=name)

        before = await store.upstream_calls.begin(call)
        begun = await store.upstream_calls.get(call.job_id, STAGE)
        await store.upstream_calls.end(call.job_id, STAGE, Code.PL_REJECTED, "no", ANSWER)
        ended = await store.upstream_calls.get(call.job_id, STAGE)

        assert before is None
        assert begun == call
        assert ended == replace(call, code=Code.PL_REJECTED, message="no", answer=ANSWER)

    async def test_a_call_begins_once_for_a_job_and_stage(self, store: Store) -> None:
        call = call_of(somewhere())
        await store.upstream_calls.begin(call)

        again = await store.upstream_calls.begin(replace(call, user_name="Budi"))
        other_stage = await store.upstream_calls.begin(replace(call, stage=Stage.PL_CHECKIN))

        assert again == call
        assert other_stage is None
        assert await store.upstream_calls.get(call.job_id, STAGE) == call

    async def test_of_racing_beginnings_one_is_the_first(self, store: Store, settles_races: None) -> None:
        call = call_of(somewhere())

        before = await asyncio.gather(*(store.upstream_calls.begin(call) for _ in range(8)))

        assert sorted(each is None for each in before) == [False] * 7 + [True]

    async def test_an_outcome_of_what_never_began_is_nothing(self, store: Store) -> None:
        await store.upstream_calls.end("never begun", STAGE, Code.SUCCESS, "", None)

        assert await store.upstream_calls.get("never begun", STAGE) is None

    async def test_the_latest_acceptance_that_nobody_was_told_of_is_found(self, store: Store) -> None:
        gallery = somewhere()
        await accepted_in(store, call_of(gallery, age_s=60))
        latest = await accepted_in(store, call_of(gallery, age_s=30))
        await store.upstream_calls.begin(call_of(gallery))
        await accepted_in(store, call_of(gallery, "another"))
        await accepted_in(store, call_of(GalleryKey(gallery.client_id, "visitors")))
        await accepted_in(store, call_of(gallery, stage=Stage.PL_CHECKIN))

        assert await store.upstream_calls.accepted(gallery, "nik", STAGE) == latest

    @pytest.mark.parametrize(
        ("settlement", "is_found"),
        [(Settlement.RECONCILED, True), (Settlement.SUPERSEDED, False), (Settlement.ABANDONED, False)],
    )
    async def test_an_acceptance_is_found_until_it_has_served(
        self, store: Store, settlement: Settlement, is_found: bool
    ) -> None:
        gallery = somewhere()
        call = await accepted_in(store, call_of(gallery))
        await store.upstream_calls.settle(call.job_id, STAGE, settlement)

        found = await store.upstream_calls.accepted(gallery, "nik", STAGE)

        assert (found is not None) == is_found

    async def test_a_finished_job_supersedes_the_open_ones_of_its_user(self, store: Store) -> None:
        gallery = somewhere()
        earlier, reconciled, finished = [await accepted_in(store, call_of(gallery)) for _ in range(3)]
        somebody_else = await accepted_in(store, call_of(gallery, "another"))
        await store.upstream_calls.settle(reconciled.job_id, STAGE, Settlement.RECONCILED)

        for _ in range(2):
            await store.upstream_calls.finish(finished.job_id, gallery, "nik", STAGE)

        assert await settlement_of(store, finished) is Settlement.FINISHED
        assert await settlement_of(store, earlier) is Settlement.SUPERSEDED
        assert await settlement_of(store, reconciled) is Settlement.SUPERSEDED
        assert await settlement_of(store, somebody_else) is Settlement.OPEN

    async def test_what_is_settled_stays_so(self, store: Store) -> None:
        gallery = somewhere()
        call = await accepted_in(store, call_of(gallery))
        await store.upstream_calls.finish(call.job_id, gallery, "nik", STAGE)

        await store.upstream_calls.settle(call.job_id, STAGE, Settlement.RECONCILED)

        assert await settlement_of(store, call) is Settlement.FINISHED

    async def test_old_open_acceptances_are_overdue_oldest_first(self, store: Store) -> None:
        gallery = somewhere()
        young, oldest, old = [await accepted_in(store, call_of(gallery, age_s=age)) for age in (1, 300, 200)]
        settled = await accepted_in(store, call_of(gallery, age_s=250))
        await store.upstream_calls.settle(settled.job_id, STAGE, Settlement.RECONCILED)
        await store.upstream_calls.begin(call_of(gallery, age_s=250))
        before = now() - timedelta(seconds=100)

        overdue = [each for each in await store.upstream_calls.overdue(STAGE, before) if each.gallery == gallery]
        one = await store.upstream_calls.overdue(STAGE, before, limit=1)

        assert overdue == [oldest, old]
        assert young not in overdue
        assert len(one) == 1

    async def test_old_calls_are_forgotten_but_not_the_open_ones(self, store: Store) -> None:
        gallery = somewhere()
        still_open = await accepted_in(store, call_of(gallery, age_s=500))
        unknown = call_of(gallery, age_s=500)
        await store.upstream_calls.begin(unknown)
        visit = await accepted_in(store, call_of(gallery, age_s=500, settlement=Settlement.FINISHED))
        young = await accepted_in(store, call_of(gallery, age_s=1, settlement=Settlement.FINISHED))

        forgotten = await store.upstream_calls.forget(now() - timedelta(seconds=400))

        kept = [each for each in (still_open, unknown, visit, young) if await store.upstream_calls.get(each.job_id, STAGE)]
        assert kept == [still_open, young]
        assert forgotten == 2

    async def test_an_erased_client_leaves_no_calls(self, store: Store) -> None:
        client_id = await client_in(store)
        theirs = await accepted_in(store, call_of(GalleryKey(client_id, "staff")))
        others = await accepted_in(store, call_of(somewhere()))

        await store.registrations.erase(client_id)

        assert await store.upstream_calls.get(theirs.job_id, STAGE) is None
        assert await store.upstream_calls.get(others.job_id, STAGE) == others

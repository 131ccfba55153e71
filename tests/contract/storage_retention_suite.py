"""What every store must do for consent, retention, and the records of what was done."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from wajah.contracts.errors import Code
from wajah.contracts.stages import Stage
from wajah.storage.ports import ExpiredFace, Store, UpstreamCall, UserExists, UserNotFound

from tests.contract.storage_samples import MODEL, client_in, face, gallery_in, job, now, transaction

DAY = timedelta(days=1)


class RetentionSuite:
    async def test_consent_and_retention_come_back_with_the_face(self, store: Store) -> None:
        gallery = await gallery_in(store)
        until = now() + DAY
        enrolled = replace(face(gallery, "u1"), consent_ref="form 17/2026 §3", retention_until=until)

        await store.faces.enrol(enrolled, replace=False)

        found = await store.faces.get(gallery, "u1")
        assert found is not None
        assert (found.consent_ref, found.retention_until) == ("form 17/2026 §3", until)

    async def test_a_replacement_brings_its_own_consent_and_retention(self, store: Store) -> None:
        gallery = await gallery_in(store)
        first = replace(face(gallery, "u1"), consent_ref="old", retention_until=now() + DAY)
        await store.faces.enrol(first, replace=False)

        await store.faces.enrol(face(gallery, "u1"), replace=True)

        found = await store.faces.get(gallery, "u1")
        assert found is not None
        assert (found.consent_ref, found.retention_until) == (None, None)

    async def test_a_batch_says_until_when_each_face_is_kept(self, store: Store) -> None:
        gallery = await gallery_in(store)
        until = now() + DAY
        await store.faces.enrol(face(gallery, "kept"), replace=False)
        await store.faces.enrol(replace(face(gallery, "ends"), retention_until=until), replace=False)

        batches = [batch async for batch in store.faces.load(gallery, MODEL)]

        assert [batch.user_ids for batch in batches] == [["kept", "ends"]]
        np.testing.assert_array_equal(batches[0].retained_until, [np.inf, until.timestamp()])

    async def test_an_expired_face_is_there_for_nobody_but_the_sweep(self, store: Store) -> None:
        gallery = await gallery_in(store)
        expired = replace(face(gallery, "u1"), retention_until=now() - DAY)
        await store.faces.enrol(expired, replace=False)
        await store.faces.enrol(replace(face(gallery, "u2"), retention_until=now() + DAY), replace=False)
        await store.faces.enrol(face(gallery, "u3"), replace=False)

        assert await store.faces.get(gallery, "u1") is None
        assert not await store.faces.enrolled(gallery, "u1")
        assert [batch.user_ids async for batch in store.faces.load(gallery, MODEL)] == [["u2", "u3"]]
        mine = [each for each in await store.faces.expired(now()) if each.gallery == gallery]
        assert mine == [ExpiredFace(gallery, "u1", expired.job_id)]

    async def test_an_expired_face_is_in_nobodys_way(self, store: Store) -> None:
        gallery = await gallery_in(store)
        await store.faces.enrol(replace(face(gallery, "u1"), retention_until=now() - DAY), replace=False)

        await store.faces.enrol(face(gallery, "u1"), replace=False)

        assert await store.faces.enrolled(gallery, "u1")
        with pytest.raises(UserExists):
            await store.faces.enrol(face(gallery, "u1"), replace=False)

    async def test_a_sweep_leaves_a_later_enrolment_alone(self, store: Store) -> None:
        gallery = await gallery_in(store)
        expired = replace(face(gallery, "u1"), retention_until=now() - DAY)
        await store.faces.enrol(expired, replace=False)
        await store.faces.enrol(face(gallery, "u1"), replace=True)

        with pytest.raises(UserNotFound):
            await store.faces.delete(gallery, "u1", job(), enrolled_by=expired.job_id)

        assert await store.faces.enrolled(gallery, "u1")

    async def test_an_enrolment_named_by_its_job_is_deleted(self, store: Store) -> None:
        gallery = await gallery_in(store)
        enrolled = face(gallery, "u1")
        await store.faces.enrol(enrolled, replace=False)

        await store.faces.delete(gallery, "u1", job(), enrolled_by=enrolled.job_id)

        assert not await store.faces.enrolled(gallery, "u1")

    async def test_records_are_found_by_what_is_asked_of_them(self, store: Store) -> None:
        client_id, start = await client_in(store), now()
        first = transaction(client_id, at=start - 2 * DAY)
        second = replace(transaction(client_id, at=start - DAY, code=Code.NOT_VERIFIED), trx_id="mine", user_id="u2")
        third = replace(transaction(client_id, at=start), trx_id="mine")
        await store.transactions.add([first, second, third])

        assert await store.transactions.find(client_id, trx_id="mine") == [third, second]
        assert await store.transactions.find(client_id, code=Code.NOT_VERIFIED) == [second]
        assert await store.transactions.find(client_id, user_id="u2") == [second]
        assert await store.transactions.find(client_id, since=start - DAY) == [third, second]
        assert await store.transactions.find(client_id, until=start - DAY) == [first]
        assert await store.transactions.find(client_id, since=start - DAY, until=start) == [second]
        assert await store.transactions.find(client_id, trx_id="mine", code=Code.SUCCESS) == [third]
        assert await store.transactions.find(client_id, trx_id="nobody's") == []

    async def test_without_a_client_the_records_of_all_are_asked(self, store: Store) -> None:
        mine, theirs = await client_in(store), await client_in(store)
        label = f"trx {job()}"
        records = [replace(transaction(client_id, at=now()), trx_id=label) for client_id in (mine, theirs)]
        await store.transactions.add(records)

        found = await store.transactions.find(trx_id=label)

        assert {each.client_id for each in found} == {mine, theirs}

    async def test_old_records_are_forgotten(self, store: Store) -> None:
        client_id = await client_in(store)
        ancient = now() - timedelta(days=4000)
        old = [transaction(client_id, at=ancient + timedelta(seconds=n)) for n in range(5)]
        recent = transaction(client_id, at=now())
        await store.transactions.add([*old, recent])

        forgotten = await store.transactions.forget(ancient + timedelta(seconds=3))

        assert forgotten == 3
        assert await store.transactions.find(client_id) == [recent, old[4], old[3]]
        assert await store.transactions.forget(now() - timedelta(days=3000)) == 2

    async def test_a_disowned_record_remains_without_the_user(self, store: Store) -> None:
        client_id, other = await client_in(store), await client_in(store)
        record, theirs = (replace(transaction(each, at=now()), user_id="u1") for each in (client_id, other))
        await store.transactions.add([record, theirs])

        assert await store.transactions.disown(client_id, "u1") == 1

        assert await store.transactions.find(client_id) == [replace(record, user_id=None)]
        assert await store.transactions.find(other) == [theirs]

    async def test_the_calls_of_a_user_are_told_and_erased(self, store: Store) -> None:
        gallery, other = await gallery_in(store), await gallery_in(store)
        calls = [
            UpstreamCall(job(), Stage.PL_REGISTER, where, user_id, "Budi", now() + timedelta(seconds=n))
            for n, (where, user_id) in enumerate([(gallery, "u1"), (gallery, "u1"), (gallery, "u2"), (other, "u1")])
        ]
        for call in calls:
            await store.upstream_calls.begin(call)

        assert await store.upstream_calls.of_user(gallery.client_id, "u1") == calls[:2]
        assert await store.upstream_calls.erase_user(gallery.client_id, "u1") == 2

        assert await store.upstream_calls.of_user(gallery.client_id, "u1") == []
        assert await store.upstream_calls.of_user(gallery.client_id, "u2") == [calls[2]]
        assert await store.upstream_calls.of_user(other.client_id, "u1") == [calls[3]]

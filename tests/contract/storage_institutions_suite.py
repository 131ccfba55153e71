"""What every store must do for the institutions of the Dukcapil FR API."""

import asyncio
import secrets
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from wajah.storage.institutions import (
    DailyQuotaUsedUp,
    Institution,
    InstitutionExists,
    InstitutionKey,
    InstitutionNotFound,
)
from wajah.storage.ports import NotRegistered, Store

from tests.contract.storage_samples import ODD_IDS, client_in, now

TODAY = date(2026, 3, 1)
TOMORROW = date(2026, 3, 2)


def institution_of(client_id: str, customer_id: str | None = None, *, daily_quota: int = 10) -> Institution:
    return Institution(
        customer_id=customer_id or f"customer-{secrets.token_hex(4)}",
        client_id=client_id,
        gallery_id="citizens",
        user_id="bank",
        password_hash="hash",
        networks=("10.0.0.0/8", "2001:db8::/32"),
        daily_quota=daily_quota,
        created_at=now(),
    )


async def institution_in(store: Store, customer_id: str | None = None, *, daily_quota: int = 10) -> Institution:
    institution = institution_of(await client_in(store), customer_id, daily_quota=daily_quota)
    await store.institutions.add(institution)
    return institution


def key_of(institution: Institution, *, age_s: float = 0) -> InstitutionKey:
    return InstitutionKey(
        fingerprint=secrets.token_hex(32),
        customer_id=institution.customer_id,
        client_id=institution.client_id,
        private=secrets.token_bytes(1200),
        created_at=now() - timedelta(seconds=age_s),
    )


class InstitutionsSuite:
    @pytest.mark.parametrize("name", ODD_IDS)
    async def test_an_institution_comes_back_as_it_was_added(self, store: Store, name: str) -> None:
        institution = replace(await institution_in(store, name), gallery_id=name, user_id=name)
        await store.institutions.remove(name)

        await store.institutions.add(institution)

        assert await store.institutions.get(name) == institution

    async def test_institutions_are_listed_in_order_of_their_ids(self, store: Store) -> None:
        second, first = await institution_in(store, "b"), await institution_in(store, "a")

        assert await store.institutions.list() == [first, second]

    async def test_an_id_is_taken_once(self, store: Store) -> None:
        institution = await institution_in(store)

        with pytest.raises(InstitutionExists):
            await store.institutions.add(replace(institution, client_id=await client_in(store)))

        assert await store.institutions.get(institution.customer_id) == institution

    async def test_there_is_no_institution_without_a_client(self, store: Store) -> None:
        with pytest.raises(NotRegistered):
            await store.institutions.add(institution_of("nobody"))

        assert await store.institutions.list() == []

    async def test_what_is_changed_changes_and_the_rest_stays(self, store: Store) -> None:
        institution = await institution_in(store)

        await store.institutions.change(institution.customer_id, networks=["192.0.2.1/32"], daily_quota=3)
        await store.institutions.change(institution.customer_id, password_hash="another")
        await store.institutions.change(institution.customer_id)

        changed = replace(institution, networks=("192.0.2.1/32",), daily_quota=3, password_hash="another")
        assert await store.institutions.get(institution.customer_id) == changed

    async def test_an_unknown_institution_is_told(self, store: Store) -> None:
        with pytest.raises(InstitutionNotFound):
            await store.institutions.change("nobody", daily_quota=1)
        with pytest.raises(InstitutionNotFound):
            await store.institutions.take("nobody", TODAY)
        with pytest.raises(InstitutionNotFound):
            await store.institutions.left("nobody", TODAY)
        with pytest.raises(InstitutionNotFound):
            await store.institution_keys.add(key_of(institution_of(await client_in(store))), others_end_at=now())
        assert await store.institutions.get("nobody") is None
        assert not await store.institutions.remove("nobody")
        assert await store.institution_keys.list("nobody") == []

    async def test_a_removed_institution_is_gone_with_its_keys(self, store: Store) -> None:
        institution = await institution_in(store)
        await store.institution_keys.add(key_of(institution), others_end_at=now())

        assert await store.institutions.remove(institution.customer_id)

        assert await store.institutions.get(institution.customer_id) is None
        assert await store.institution_keys.list(institution.customer_id) == []

    async def test_calls_are_counted_until_the_quota_is_used_up(self, store: Store) -> None:
        customer_id = (await institution_in(store, daily_quota=2)).customer_id

        assert await store.institutions.left(customer_id, TODAY) == 2
        assert [await store.institutions.take(customer_id, TODAY) for _ in range(2)] == [1, 0]
        for _ in range(2):
            with pytest.raises(DailyQuotaUsedUp):
                await store.institutions.take(customer_id, TODAY)
        assert await store.institutions.left(customer_id, TODAY) == 0

    async def test_a_new_day_has_its_own_quota(self, store: Store) -> None:
        customer_id = (await institution_in(store, daily_quota=2)).customer_id
        for _ in range(2):
            await store.institutions.take(customer_id, TODAY)

        assert await store.institutions.left(customer_id, TOMORROW) == 2
        assert await store.institutions.take(customer_id, TOMORROW) == 1

    async def test_a_clock_that_is_late_gives_no_calls_away(self, store: Store) -> None:
        customer_id = (await institution_in(store, daily_quota=3)).customer_id
        await store.institutions.take(customer_id, TOMORROW)

        assert await store.institutions.take(customer_id, TODAY) == 1
        assert await store.institutions.left(customer_id, TODAY) == 1
        assert await store.institutions.take(customer_id, TOMORROW) == 0

    async def test_a_smaller_quota_holds_at_once(self, store: Store) -> None:
        customer_id = (await institution_in(store, daily_quota=3)).customer_id
        for _ in range(2):
            await store.institutions.take(customer_id, TODAY)

        await store.institutions.change(customer_id, daily_quota=1)

        assert await store.institutions.left(customer_id, TODAY) == 0
        with pytest.raises(DailyQuotaUsedUp):
            await store.institutions.take(customer_id, TODAY)
        assert await store.institutions.take(customer_id, TOMORROW) == 0

    @pytest.mark.usefixtures("settles_races")
    async def test_of_racing_calls_as_many_pass_as_the_quota_allows(self, store: Store) -> None:
        customer_id = (await institution_in(store, daily_quota=5)).customer_id

        outcomes = await asyncio.gather(
            *(store.institutions.take(customer_id, TODAY) for _ in range(12)), return_exceptions=True
        )

        assert Counter(type(outcome) for outcome in outcomes) == {int: 5, DailyQuotaUsedUp: 7}
        assert sorted(outcome for outcome in outcomes if isinstance(outcome, int)) == [0, 1, 2, 3, 4]

    async def test_keys_come_back_newest_first_and_the_older_ones_end(self, store: Store) -> None:
        institution = await institution_in(store)
        old, new = key_of(institution, age_s=60), key_of(institution)
        await store.institution_keys.add(old, others_end_at=now())
        ends_at = now() + timedelta(days=7)

        await store.institution_keys.add(new, others_end_at=ends_at)

        assert await store.institution_keys.list(institution.customer_id) == [new, replace(old, ends_at=ends_at)]

    async def test_a_key_that_ends_earlier_still_does_and_one_that_ended_is_erased(self, store: Store) -> None:
        institution = await institution_in(store)
        ended, ending, new = (key_of(institution, age_s=age_s) for age_s in (120, 60, 0))
        soon, late = now() + timedelta(hours=1), now() + timedelta(days=7)
        await store.institution_keys.add(ended, others_end_at=late)
        await store.institution_keys.add(ending, others_end_at=now() - timedelta(seconds=30))
        other = key_of(institution, age_s=30)
        await store.institution_keys.add(other, others_end_at=soon)

        await store.institution_keys.add(new, others_end_at=late)

        assert await store.institution_keys.list(institution.customer_id) == [
            new,
            replace(other, ends_at=late),
            replace(ending, ends_at=soon),
        ]

    async def test_an_institution_is_not_served_while_its_client_is_deregistered(self, store: Store) -> None:
        institution = await institution_in(store)
        await store.registrations.deregister(institution.client_id, now())

        assert await store.institutions.get(institution.customer_id) is None
        await store.registrations.register(institution.client_id)

        assert await store.institutions.get(institution.customer_id) == institution

    async def test_institutions_end_with_their_client(self, store: Store) -> None:
        institution = await institution_in(store)
        await store.institution_keys.add(key_of(institution), others_end_at=now())
        await store.registrations.erase(institution.client_id)
        await client_in(store, institution.client_id)

        assert await store.institutions.list() == []
        assert await store.institution_keys.list(institution.customer_id) == []

"""What every store must do for clients that deregister, and for their erasure."""

import asyncio
import secrets
from datetime import timedelta

import pytest
from wajah.contracts.errors import Code, WajahError
from wajah.storage.ports import NotRegistered, Quota, Store

from tests.contract.storage_samples import client_in, face, gallery_in, job, now

AN_HOUR = timedelta(hours=1)


async def signed_in(store: Store, client_id: str) -> bytes:
    token = secrets.token_bytes(32)
    await store.tokens.add(client_id, token, None)
    return token


async def client_with_faces(store: Store, faces: int = 3) -> str:
    gallery = await gallery_in(store)
    for n in range(faces):
        await store.faces.enrol(face(gallery, f"u{n}"), replace=False)
    return gallery.client_id


class RegistrationsSuite:
    async def test_a_deregistered_client_is_denied_before_a_hit_is_taken(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.HITS: 5})
        token = await signed_in(store, client_id)

        await store.registrations.deregister(client_id, now())

        with pytest.raises(NotRegistered):
            await store.clients.authorise(token, hits=1)
        let_in = await store.clients.authorise(token, hits=1, deregistered=True)
        assert let_in.remaining[Quota.HITS] == 4

    async def test_the_first_moment_of_a_deregistration_counts(self, store: Store) -> None:
        client_id, first = await client_in(store), now() - AN_HOUR

        await store.registrations.deregister(client_id, first)
        await store.registrations.deregister(client_id, now())

        client = await store.clients.get(client_id)
        assert client is not None
        assert client.deregistered_at == first

    async def test_registering_again_undoes_it(self, store: Store) -> None:
        client_id = await client_with_faces(store)
        token = await signed_in(store, client_id)
        await store.registrations.deregister(client_id, now() - AN_HOUR)

        for _ in range(2):
            await store.registrations.register(client_id)

        assert (await store.clients.authorise(token, hits=1)).deregistered_at is None
        assert await store.registrations.due(now()) == []
        assert not await store.registrations.erase(client_id, before=now())
        assert (await store.clients.holdings(client_id))[Quota.FACES] == 3

    async def test_nobody_registers_or_deregisters_who_does_not_exist(self, store: Store) -> None:
        with pytest.raises(NotRegistered):
            await store.registrations.register("nobody")
        with pytest.raises(NotRegistered):
            await store.registrations.deregister("nobody", now())

        assert not await store.registrations.erase("nobody")

    async def test_due_are_those_whose_time_is_over(self, store: Store) -> None:
        early, late, staying = [await client_in(store) for _ in range(3)]
        await store.registrations.deregister(early, now() - 3 * AN_HOUR)
        await store.registrations.deregister(late, now() - AN_HOUR)

        due = await store.registrations.due(now() - 2 * AN_HOUR)
        erased = [await store.registrations.erase(each, before=now() - 2 * AN_HOUR) for each in (early, late, staying)]

        assert due == [early]
        assert erased == [True, False, False]
        assert await store.clients.get(early) is None
        assert await store.clients.get(late) is not None

    async def test_an_erased_client_leaves_nothing_and_the_others_keep_theirs(self, store: Store) -> None:
        client_id, other = await client_with_faces(store), await client_with_faces(store)
        token = await signed_in(store, client_id)

        erased = await store.registrations.erase(client_id)

        assert erased
        assert await store.clients.get(client_id) is None
        assert await store.galleries.list(client_id) == []
        assert await store.clients.holdings(client_id) == {Quota.FACES: 0, Quota.GALLERIES: 0}
        assert await store.clients.holdings(other) == {Quota.FACES: 3, Quota.GALLERIES: 1}
        with pytest.raises(WajahError) as refusal:
            await store.clients.authorise(token, hits=0, deregistered=True)
        assert refusal.value.code is Code.UNAUTHORIZED

    async def test_an_id_can_be_given_again_and_starts_empty(self, store: Store) -> None:
        client_id = await client_with_faces(store)
        await store.registrations.erase(client_id)

        await client_in(store, client_id)
        gallery = await gallery_in(store, client_id)

        assert await store.faces.list(gallery) == []
        client = await store.clients.get(client_id)
        assert client is not None
        assert client.deregistered_at is None

    @pytest.mark.usefixtures("settles_races")
    async def test_several_may_erase_at_once(self, store: Store) -> None:
        client_id = await client_with_faces(store, 20)
        await store.registrations.deregister(client_id, now() - AN_HOUR)

        outcomes = await asyncio.gather(*(store.registrations.erase(client_id, before=now()) for _ in range(4)))

        assert any(outcomes)
        assert await store.clients.get(client_id) is None
        assert await store.clients.holdings(client_id) == {Quota.FACES: 0, Quota.GALLERIES: 0}
        assert await store.registrations.due(now()) == []

    @pytest.mark.usefixtures("settles_races")
    async def test_what_is_written_during_an_erasure_does_not_survive_it(self, store: Store) -> None:
        gallery = await gallery_in(store)
        client_id = gallery.client_id

        async def enrol(n: int) -> None:
            try:
                await store.faces.enrol(face(gallery, f"u{n}"), replace=False)
            except WajahError:
                return

        async def create(n: int) -> None:
            try:
                await store.galleries.create(gallery._replace(gallery_id=f"g{n}"), job())
            except WajahError:
                return

        await asyncio.gather(
            *(enrol(n) for n in range(16)), store.registrations.erase(client_id), *(create(n) for n in range(16))
        )

        assert await store.clients.get(client_id) is None
        assert await store.galleries.list(client_id) == []
        assert await store.clients.holdings(client_id) == {Quota.FACES: 0, Quota.GALLERIES: 0}

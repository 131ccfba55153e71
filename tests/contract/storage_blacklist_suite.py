"""What every store must do for the shared blacklist when a client is erased."""

from datetime import timedelta

from wajah.contracts.types import SHARED_BLACKLIST
from wajah.storage.blacklist import entry_of, erase_client
from wajah.storage.ports import Store

from tests.contract.storage_samples import client_in, face, gallery_in, job, now


async def blacklisted(store: Store, client_id: str, user_id: str) -> None:
    await store.faces.enrol(face(SHARED_BLACKLIST, entry_of(client_id, user_id), user_name=user_id), replace=False)


async def with_blacklist(store: Store) -> None:
    await client_in(store, SHARED_BLACKLIST.client_id)
    await store.galleries.create(SHARED_BLACKLIST, job())


class BlacklistSuite:
    async def test_what_an_erased_client_blacklisted_goes_with_it_and_nothing_else(self, store: Store) -> None:
        await with_blacklist(store)
        leaving, staying = await client_in(store), await client_in(store)
        await gallery_in(store, leaving)
        for client_id, user_id in ((leaving, "x"), (staying, "x"), (leaving, "y")):
            await blacklisted(store, client_id, user_id)

        assert await erase_client(store, leaving)

        assert await store.faces.list(SHARED_BLACKLIST) == [(entry_of(staying, "x"), "x")]
        assert await store.clients.get(leaving) is None
        assert not await erase_client(store, leaving)

    async def test_a_client_is_erased_where_nobody_ever_blacklisted_a_face(self, store: Store) -> None:
        assert await erase_client(store, await client_in(store))
        assert not await erase_client(store, "nobody")

    async def test_a_client_that_is_not_due_keeps_what_it_blacklisted(self, store: Store) -> None:
        await with_blacklist(store)
        client_id = await client_in(store)
        await blacklisted(store, client_id, "x")
        an_hour_ago = now() - timedelta(hours=1)

        never_left = await erase_client(store, client_id, before=now())
        await store.registrations.deregister(client_id, now())
        left_lately = await erase_client(store, client_id, before=an_hour_ago)

        assert (never_left, left_lately) == (False, False)
        assert await store.faces.list(SHARED_BLACKLIST) == [(entry_of(client_id, "x"), "x")]
        assert await erase_client(store, client_id, before=now() + timedelta(hours=1))
        assert await store.faces.list(SHARED_BLACKLIST) == []

"""What every store must do for API keys."""

import asyncio
import secrets
from collections import Counter
from datetime import timedelta

import pytest
from wajah.contracts.errors import Code, WajahError
from wajah.storage.ports import Api, ApiKey, NotRegistered, Quota, QuotaUsedUp, Store

from tests.contract.storage_samples import ODD_IDS, client_in, now


def key_of(client_id: str, *, prefix: str = "wajah_12345678", collection: str = "users", age_s: float = 0) -> ApiKey:
    return ApiKey(client_id, Api.USERS, prefix, collection, now() - timedelta(seconds=age_s))


async def key_in(store: Store, key: ApiKey) -> bytes:
    """The SHA-256 of a new key."""
    sha256 = secrets.token_bytes(32)
    await store.api_keys.add(key, sha256)
    return sha256


class ApiKeysSuite:
    @pytest.mark.parametrize("name", ODD_IDS)
    async def test_a_key_opens_its_api_for_its_client_and_collection(self, store: Store, name: str) -> None:
        key = key_of(await client_in(store, name), prefix="wajah_-_$.abc", collection=name)
        sha256 = await key_in(store, key)

        assert await store.api_keys.authorise(sha256, Api.USERS, hits=1) == key

    async def test_a_key_that_nobody_made_opens_nothing(self, store: Store) -> None:
        await key_in(store, key_of(await client_in(store)))

        with pytest.raises(WajahError) as refusal:
            await store.api_keys.authorise(secrets.token_bytes(32), Api.USERS, hits=1)

        assert refusal.value.code is Code.UNAUTHORIZED

    async def test_an_access_token_is_no_key_and_a_key_no_access_token(self, store: Store) -> None:
        client_id = await client_in(store)
        key, token = await key_in(store, key_of(client_id)), secrets.token_bytes(32)
        await store.tokens.add(client_id, token, None)

        with pytest.raises(WajahError) as as_key:
            await store.api_keys.authorise(token, Api.USERS, hits=1)
        with pytest.raises(WajahError) as as_token:
            await store.clients.authorise(key, hits=1)

        assert as_key.value.code is as_token.value.code is Code.UNAUTHORIZED

    async def test_keys_are_listed_by_client_oldest_first(self, store: Store) -> None:
        client_id, other = await client_in(store), await client_in(store)
        young, old = key_of(client_id, prefix="young"), key_of(client_id, prefix="old", age_s=60)
        for key in (young, old, key_of(other)):
            await key_in(store, key)

        assert await store.api_keys.list(client_id) == [old, young]
        assert await store.api_keys.list("nobody") == []

    async def test_a_revoked_key_opens_nothing_and_its_neighbours_still_do(self, store: Store) -> None:
        client_id = await client_in(store)
        gone = await key_in(store, key_of(client_id, prefix="gone"))
        stays = await key_in(store, key_of(client_id, prefix="stays"))

        assert await store.api_keys.revoke(client_id, "gone")

        assert not await store.api_keys.revoke(client_id, "gone")
        with pytest.raises(WajahError) as refusal:
            await store.api_keys.authorise(gone, Api.USERS, hits=1)
        assert refusal.value.code is Code.UNAUTHORIZED
        assert (await store.api_keys.authorise(stays, Api.USERS, hits=1)).prefix == "stays"

    async def test_nobody_revokes_the_key_of_another_client(self, store: Store) -> None:
        sha256 = await key_in(store, key_of(await client_in(store)))

        assert not await store.api_keys.revoke(await client_in(store), "wajah_12345678")

        await store.api_keys.authorise(sha256, Api.USERS, hits=1)

    async def test_a_call_takes_its_hits(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.HITS: 3})
        sha256 = await key_in(store, key_of(client_id))

        await store.api_keys.authorise(sha256, Api.USERS, hits=2)
        with pytest.raises(QuotaUsedUp):
            await store.api_keys.authorise(sha256, Api.USERS, hits=2)

        client = await store.clients.get(client_id)
        assert client is not None
        assert client.remaining[Quota.HITS] == 1

    @pytest.mark.usefixtures("settles_races")
    async def test_of_racing_calls_as_many_pass_as_there_were_hits(self, store: Store) -> None:
        sha256 = await key_in(store, key_of(await client_in(store, remaining={Quota.HITS: 5})))

        outcomes = await asyncio.gather(
            *(store.api_keys.authorise(sha256, Api.USERS, hits=1) for _ in range(12)), return_exceptions=True
        )

        assert Counter(type(outcome) for outcome in outcomes) == {ApiKey: 5, QuotaUsedUp: 7}

    async def test_there_is_no_key_without_a_client(self, store: Store) -> None:
        with pytest.raises(NotRegistered):
            await key_in(store, key_of("nobody"))

        assert await store.api_keys.list("nobody") == []

    async def test_the_key_of_a_client_that_deregistered_opens_nothing_until_it_is_back(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.HITS: 10})
        sha256 = await key_in(store, key_of(client_id))
        await store.registrations.deregister(client_id, now())

        with pytest.raises(NotRegistered):
            await store.api_keys.authorise(sha256, Api.USERS, hits=1)
        await store.registrations.register(client_id)

        assert (await store.api_keys.authorise(sha256, Api.USERS, hits=1)).client_id == client_id

    async def test_the_keys_of_an_erased_client_are_not_its_successors(self, store: Store) -> None:
        client_id = await client_in(store)
        sha256 = await key_in(store, key_of(client_id))
        await store.registrations.erase(client_id)
        await client_in(store, client_id)

        with pytest.raises(WajahError) as refusal:
            await store.api_keys.authorise(sha256, Api.USERS, hits=1)

        assert refusal.value.code is Code.UNAUTHORIZED
        assert await store.api_keys.list(client_id) == []

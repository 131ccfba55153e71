"""What every store must do for clients, quotas and tokens."""

import asyncio
import secrets
from collections import Counter
from datetime import timedelta

import pytest
from wajah.contracts.errors import Code, WajahError
from wajah.storage.ports import Client, ClientExists, Quota, QuotaUsedUp, Store

from tests.contract.storage_samples import ODD_IDS, client_in, now


async def signed_in(store: Store, client_id: str, *, for_s: float | None = None) -> bytes:
    """The SHA-256 of a new token."""
    token = secrets.token_bytes(32)
    await store.tokens.add(client_id, token, None if for_s is None else now() + timedelta(seconds=for_s))
    return token


async def code_of(store: Store, token: bytes) -> Code:
    try:
        await store.clients.authorise(token, hits=1)
    except WajahError as error:
        return error.code
    return Code.SUCCESS


class AccountsSuite:
    async def test_a_client_comes_back_as_it_was_added(self, store: Store) -> None:
        client = Client("c.1/$", "hash", {Quota.HITS: 10, Quota.FACES: None, Quota.GALLERIES: 0}, now())

        await store.clients.add(client)

        assert await store.clients.get("c.1/$") == client

    async def test_nobody_knows_a_client_who_was_never_added(self, store: Store) -> None:
        assert await store.clients.get("nobody") is None

    @pytest.mark.parametrize("client_id", ODD_IDS)
    async def test_any_printable_id_names_its_own_client(self, store: Store, client_id: str) -> None:
        await store.clients.add(Client(client_id, "its own", dict.fromkeys(Quota), now()))

        found = await store.clients.get(client_id)

        assert found is not None
        assert found.password_hash == "its own"

    async def test_a_client_is_added_once(self, store: Store) -> None:
        client = Client("once", "first", dict.fromkeys(Quota), now())
        await store.clients.add(client)

        with pytest.raises(ClientExists):
            await store.clients.add(Client("once", "second", dict.fromkeys(Quota), now()))

        assert await store.clients.get("once") == client

    async def test_of_racing_additions_one_wins(self, store: Store) -> None:
        outcomes = await asyncio.gather(
            *(store.clients.add(Client("raced", f"hash {i}", dict.fromkeys(Quota), now())) for i in range(16)),
            return_exceptions=True,
        )

        assert Counter(type(each) for each in outcomes) == {type(None): 1, ClientExists: 15}

    async def test_a_token_takes_hits_of_its_own_client(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.HITS: 10})
        other = await client_in(store, remaining={Quota.HITS: 10})
        token = await signed_in(store, client_id)

        client = await store.clients.authorise(token, hits=3)

        assert (client.client_id, client.remaining[Quota.HITS]) == (client_id, 7)
        found, untouched = await store.clients.get(client_id), await store.clients.get(other)
        assert found is not None
        assert untouched is not None
        assert (found.remaining[Quota.HITS], untouched.remaining[Quota.HITS]) == (7, 10)

    async def test_a_free_call_takes_nothing(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.HITS: 0})
        token = await signed_in(store, client_id)

        client = await store.clients.authorise(token, hits=0)

        assert client.remaining[Quota.HITS] == 0

    async def test_without_a_limit_nothing_runs_out(self, store: Store) -> None:
        token = await signed_in(store, await client_in(store))

        clients = [await store.clients.authorise(token, hits=1000) for _ in range(3)]

        assert [client.remaining[Quota.HITS] for client in clients] == [None, None, None]

    async def test_more_hits_than_are_left_take_none_of_them(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.HITS: 2})
        token = await signed_in(store, client_id)

        with pytest.raises(QuotaUsedUp) as refusal:
            await store.clients.authorise(token, hits=3)

        assert refusal.value.code is Code.DENIED
        assert (await store.clients.authorise(token, hits=2)).remaining[Quota.HITS] == 0

    @pytest.mark.usefixtures("settles_races")
    async def test_of_64_callers_exactly_as_many_pass_as_there_are_hits(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.HITS: 10})
        token = await signed_in(store, client_id)

        codes = await asyncio.gather(*(code_of(store, token) for _ in range(64)))

        assert Counter(codes) == {Code.SUCCESS: 10, Code.DENIED: 54}
        found = await store.clients.get(client_id)
        assert found is not None
        assert found.remaining[Quota.HITS] == 0

    async def test_an_unknown_token_is_refused(self, store: Store) -> None:
        await signed_in(store, await client_in(store))

        assert await code_of(store, secrets.token_bytes(32)) is Code.UNAUTHORIZED

    async def test_a_token_ends_when_it_expires(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.HITS: 1})
        expired = await signed_in(store, client_id, for_s=-5)
        standing = await signed_in(store, client_id, for_s=3600)

        assert await code_of(store, expired) is Code.UNAUTHORIZED
        assert await code_of(store, standing) is Code.SUCCESS

    async def test_a_revoked_token_is_refused_and_the_others_stand(self, store: Store) -> None:
        client_id = await client_in(store)
        token, other = await signed_in(store, client_id), await signed_in(store, client_id)

        revoked = await store.tokens.revoke(client_id, token)

        assert revoked
        assert await code_of(store, token) is Code.UNAUTHORIZED
        assert await code_of(store, other) is Code.SUCCESS

    async def test_revoking_twice_says_that_there_is_nothing_left_to_revoke(self, store: Store) -> None:
        client_id = await client_in(store)
        token = await signed_in(store, client_id)

        answers = [await store.tokens.revoke(client_id, token) for _ in range(2)]

        assert answers == [True, False]

    async def test_nobody_revokes_the_token_of_another_client(self, store: Store) -> None:
        token = await signed_in(store, await client_in(store))

        revoked = await store.tokens.revoke(await client_in(store), token)

        assert not revoked
        assert await code_of(store, token) is Code.SUCCESS

    async def test_a_token_added_again_gets_its_new_end(self, store: Store) -> None:
        client_id = await client_in(store)
        token = await signed_in(store, client_id, for_s=3600)

        await store.tokens.add(client_id, token, now() - timedelta(seconds=5))

        assert await code_of(store, token) is Code.UNAUTHORIZED

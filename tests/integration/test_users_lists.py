"""Users 1:N between tenants: what is shared, what is not, and what the lists do to enrolments and searches."""

import asyncio
from collections.abc import AsyncGenerator
from typing import NamedTuple

import pytest
import pytest_asyncio
from wajah.contracts.types import SHARED_BLACKLIST, GalleryKey

from tests.integration.ingress_server import CLIENT, OTHER_CLIENT, Platform, platform
from tests.integration.users_caller import Tenant, add_key, check_done, check_problem, empty_blacklist, new_client

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("lists")) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    """Where blacklisted faces are refused, and one client is bound to its whitelist."""
    bound = frozenset({CLIENT})
    async with platform(
        tmp_path_factory.mktemp("strict"), users_refuse_blacklisted=True, users_whitelist_only=bound
    ) as started:
        for client_id in (CLIENT, OTHER_CLIENT):
            await add_key(started.store, client_id)
        yield started


class Two(NamedTuple):
    """The same list of two tenants."""

    mine: Tenant
    others: Tenant


class Tenants(NamedTuple):
    collection: Two
    blacklist: Two
    whitelist: Two


@pytest_asyncio.fixture(loop_scope="module")
async def tenants(running: Platform) -> AsyncGenerator[Tenants]:
    mine, others = await new_client(running.store), await new_client(running.store)
    yield Tenants(
        *(Two(Tenant(running, mine, listed), Tenant(running, others, listed)) for listed in ("", "blacklist/", "whitelist/"))
    )
    await empty_blacklist(running.store)


@pytest.mark.parametrize("name", ["collection", "whitelist"])
async def test_a_tenants_own_list_does_not_exist_for_another(tenants: Tenants, name: str) -> None:
    mine, others = getattr(tenants, name)
    check_done(await mine.enrol("siti"))

    found = await others.found("siti")
    removed = await others.unenrol("siti")
    check_done(await others.enrol("siti"))
    check_done(await others.unenrol("siti"))

    assert found == []
    check_problem(removed, 404)
    assert await mine.found("siti") == [{"userId": "siti", "similarity": 100}]


async def test_the_blacklist_is_shared_but_whose_face_it_is_stays_with_its_tenant(tenants: Tenants) -> None:
    mine, others = tenants.blacklist
    check_done(await mine.enrol("siti"))

    assert await mine.found("siti") == [{"userId": "siti", "similarity": 100}]
    assert await others.found("siti") == [{"similarity": 100}]


async def test_only_who_blacklisted_a_face_can_remove_it(tenants: Tenants) -> None:
    mine, others = tenants.blacklist
    await mine.enrol("siti")

    check_problem(await others.unenrol("siti"), 404)
    assert await others.found("siti") == [{"similarity": 100}]
    check_done(await mine.unenrol("siti"))
    assert await others.found("siti") == []


async def test_two_tenants_may_blacklist_under_the_same_id(tenants: Tenants) -> None:
    mine, others = tenants.blacklist

    check_done(await mine.enrol("x", "siti"))
    check_done(await others.enrol("x", "siti", likeness=0.9))
    check_problem(await mine.enrol("x", "budi"), 400, "provided userId already exists")
    found = await others.found("siti")
    check_done(await others.unenrol("x"))

    assert [match.get("userId") for match in found] == [None, "x"]
    assert await mine.found("siti") == [{"userId": "x", "similarity": 100}]


async def test_the_lists_of_a_tenant_are_apart(tenants: Tenants) -> None:
    check_done(await tenants.collection.mine.enrol("siti"))

    assert await tenants.blacklist.mine.found("siti") == []
    assert await tenants.whitelist.mine.found("siti") == []
    check_problem(await tenants.whitelist.mine.unenrol("siti"), 404)
    check_done(await tenants.whitelist.mine.enrol("siti"))
    check_done(await tenants.blacklist.mine.enrol("siti"))


async def test_nobody_can_sign_in_as_the_blacklists_owner(running: Platform, tenants: Tenants) -> None:
    check_done(await tenants.blacklist.mine.enrol("siti"))

    owner = {"client_id": SHARED_BLACKLIST.client_id}
    answers = [
        await running.http.post("/oauth/client/token", data=owner | {"password": password})
        for password in ("!", " ", SHARED_BLACKLIST.client_id)
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401]


async def test_the_blacklist_is_a_gallery_that_no_client_sees(running: Platform, tenants: Tenants) -> None:
    check_done(await tenants.blacklist.mine.enrol("siti"))

    listed = await running.call("GET", "/face-api/facegallery/my-facegalleries")

    assert SHARED_BLACKLIST.gallery_id not in listed.json()["facegalleries"]
    assert await running.store.galleries.sequence(SHARED_BLACKLIST)
    [(entry, name)] = await running.store.faces.list(SHARED_BLACKLIST)
    assert (len(entry), name) == (64, "siti")


async def test_a_blacklisted_face_may_be_enrolled_unless_a_setting_says_no(tenants: Tenants) -> None:
    await tenants.blacklist.others.enrol("siti")

    check_done(await tenants.collection.mine.enrol("siti"))


@pytest.mark.parametrize("listed", ["", "whitelist/"])
async def test_where_blacklisted_faces_are_refused_they_are_enrolled_nowhere(strict: Platform, listed: str) -> None:
    blacklist, mine = Tenant(strict, OTHER_CLIENT, "blacklist/"), Tenant(strict, CLIENT, listed)
    await blacklist.enrol("budi")

    refused = await mine.enrol("new", "budi", likeness=0.9)
    check_done(await mine.enrol("siti"))
    check_done(await blacklist.unenrol("budi"))
    check_done(await mine.enrol("new", "budi", likeness=0.9))

    check_problem(refused, 400, "provided face is blacklisted")


async def test_where_blacklisted_faces_are_refused_the_blacklist_still_takes_them(strict: Platform) -> None:
    check_done(await Tenant(strict, OTHER_CLIENT, "blacklist/").enrol("dewi"))
    check_done(await Tenant(strict, CLIENT, "blacklist/").enrol("dewi"))


@pytest.mark.parametrize("listed", ["", "blacklist/"])
async def test_a_whitelist_only_tenant_finds_nobody_outside_its_whitelist(strict: Platform, listed: str) -> None:
    mine, whitelist = Tenant(strict, CLIENT, listed), Tenant(strict, CLIENT, "whitelist/")
    check_done(await mine.enrol(f"agus {listed}", "agus"))

    outside = await mine.search("agus")
    in_whitelist = await whitelist.search("agus")
    check_problem(outside, 403, "provided face is not in the whitelist")
    check_problem(in_whitelist, 404)


async def test_a_whitelist_only_tenant_finds_whom_its_whitelist_holds(strict: Platform) -> None:
    mine, whitelist = Tenant(strict, CLIENT), Tenant(strict, CLIENT, "whitelist/")
    check_done(await mine.enrol("rina"))
    check_done(await whitelist.enrol("rina"))

    found = await mine.found("rina")
    check_done(await whitelist.unenrol("rina"))

    assert found == [{"userId": "rina", "similarity": 100}]
    check_problem(await mine.search("rina"), 403, "provided face is not in the whitelist")


async def test_other_tenants_are_not_bound_to_their_whitelist(strict: Platform) -> None:
    check_done(await Tenant(strict, OTHER_CLIENT).enrol("free"))

    assert await Tenant(strict, OTHER_CLIENT).found("free") == [{"userId": "free", "similarity": 100}]


async def test_a_list_is_created_once_however_many_begin_it(running: Platform) -> None:
    client_id = await new_client(running.store)
    tenant = Tenant(running, client_id)

    answers = await asyncio.gather(*(tenant.enrol(f"{number}") for number in range(8)))

    for answer in answers:
        check_done(answer)
    assert await running.store.galleries.list(client_id) == ["users"]
    assert len(await running.store.faces.list(GalleryKey(client_id, "users"))) == 8

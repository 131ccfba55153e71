"""Our connector against our own served API, over real HTTP: credentials, addresses, quota and answers meet in the middle."""

import contextlib
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from dukcapil.account import Account
from dukcapil.answers import Comparison
from dukcapil.settings import DukcapilSettings
from dukcapil.upstream import Dukcapil
from pydantic import SecretStr
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import IdentifyAtDukcapil
from wajah.contracts.results import IdentifiedAtDukcapil
from wajah.messaging.caller import Jobs
from wajah.messaging.topology import Topology
from wajah.security.rsa_credentials import fingerprint, public_pem

from tests.integration.dukcapil_caller import PASSWORD, USER_ID, Caller, new_caller
from tests.integration.ingress_server import Platform, platform
from tests.integration.stages import picture
from tests.unit.dukcapil.conftest import soon

NIK, OTHER_NIK = "3175031708450001", "3522161708450001"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("served"), dukcapil_distinct_refusals=True) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(running: Platform) -> Caller:
    """An institution with two people, who look a little alike."""
    caller = await new_caller(running)
    await caller.enrol(NIK, "siti")
    await caller.enrol(OTHER_NIK, "siti", likeness=0.7)
    return caller


def settings_of(served: Caller, folder: Path, **changes: Any) -> DukcapilSettings:
    """A connector's, with the institution's account."""
    public = served.key.public_key()
    pem = folder / "institution.pem"
    pem.write_text(public_pem(public))
    fields = {
        "dukcapil_url": str(served.platform.http.base_url).rstrip("/"),
        "dukcapil_plain_http": True,
        "dukcapil_customer_id": served.customer_id,
        "dukcapil_user_id": SecretStr(USER_ID),
        "dukcapil_password": SecretStr(PASSWORD),
        "dukcapil_public_key": pem,
        "dukcapil_key_sha256": fingerprint(public),
        "dukcapil_busy_pause_s": 0.01,
    }
    return DukcapilSettings.model_validate(fields | changes)


@contextlib.asynccontextmanager
async def connected(served: Caller, folder: Path, **changes: Any) -> AsyncGenerator[Dukcapil]:
    settings = settings_of(served, folder, **changes)
    dukcapil = Dukcapil(settings, Account.of(settings))
    try:
        yield dukcapil
    finally:
        await dukcapil.close()


async def identify(dukcapil: Dukcapil, person: str | None = "siti", threshold: float = 7.0) -> dict[str, float]:
    found = await dukcapil.identify(picture(person), threshold, transaction="0211202201", until=soon(10))
    return {each.nik: each.score for each in found}


async def compare(dukcapil: Dukcapil, nik: str, person: str | None = "siti") -> Comparison | None:
    return await dukcapil.compare(nik, picture(person), transaction="0211202201", until=soon(10))


async def code_of(dukcapil: Dukcapil, person: str | None = "siti") -> tuple[Code, str]:
    with pytest.raises(WajahError) as refusal:
        await identify(dukcapil, person)
    return refusal.value.code, (refusal.value.answer or {}).get("errorCode", "")


async def test_people_are_found_with_their_scores(served: Caller, tmp_path: Path) -> None:
    async with connected(served, tmp_path) as dukcapil:
        found = await identify(dukcapil)
        strict = await identify(dukcapil, threshold=20)
        stranger = await identify(dukcapil, "agus", threshold=15)

    assert list(found) == [NIK, OTHER_NIK]
    assert found[NIK] == 20
    assert list(strict) == [NIK]
    assert stranger == {}


async def test_a_face_is_compared_with_a_nik(served: Caller, tmp_path: Path) -> None:
    async with connected(served, tmp_path) as dukcapil:
        same, other, unknown = (
            await compare(dukcapil, NIK),
            await compare(dukcapil, NIK, "agus"),
            await compare(dukcapil, "1101010101000001"),
        )

    assert same is not None
    assert other is not None
    assert same.score == 20
    assert other.score < 15
    assert unknown is None
    assert same.quota_left is not None
    assert other.quota_left == same.quota_left - 1


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"dukcapil_password": SecretStr("wrong")}, {"9002"}),
        ({"dukcapil_user_id": SecretStr("nobody")}, {"5001"}),
        ({"dukcapil_customer_id": "nobody"}, {"5006"}),
    ],
)
async def test_a_wrong_account_is_refused(served: Caller, tmp_path: Path, changes: dict[str, Any], errors: set[str]) -> None:
    async with connected(served, tmp_path, **changes) as dukcapil:
        code, error = await code_of(dukcapil)

    assert code is Code.DK_REFUSED
    assert error in errors


async def test_the_wrong_key_is_refused(served: Caller, running: Platform, tmp_path: Path) -> None:
    other = await new_caller(running)
    foreign = settings_of(other, tmp_path)
    changes = {
        "dukcapil_public_key": foreign.dukcapil_public_key,
        "dukcapil_key_sha256": foreign.dukcapil_key_sha256,
        "dukcapil_customer_id": served.customer_id,
    }
    dukcapil = Dukcapil(foreign.model_copy(update=changes), Account.of(foreign))

    code, error = await code_of(dukcapil)

    await dukcapil.close()
    assert code is Code.DK_REFUSED
    assert error in {"5001", "5006"}


async def test_an_address_that_was_not_agreed_on_is_refused(running: Platform, tmp_path: Path) -> None:
    elsewhere = await new_caller(running, networks=("10.0.0.0/8",))

    async with connected(elsewhere, tmp_path, dukcapil_ip="10.1.2.3") as dukcapil:
        assert await code_of(dukcapil) == (Code.DK_REFUSED, "5003")


async def test_a_quota_that_is_used_up_is_not_asked_for_again(running: Platform, tmp_path: Path) -> None:
    poor = await new_caller(running, daily_quota=1)
    await poor.enrol(NIK, "siti")

    async with connected(poor, tmp_path) as dukcapil:
        first = await identify(dukcapil)
        told = await code_of(dukcapil)
        remembered = await code_of(dukcapil)

    assert list(first) == [NIK]
    assert (told, remembered) == ((Code.DK_QUOTA, "5002"), (Code.DK_QUOTA, ""))


async def test_a_picture_without_a_face_is_told(served: Caller, tmp_path: Path) -> None:
    async with connected(served, tmp_path) as dukcapil:
        assert await code_of(dukcapil, None) == (Code.DK_IMAGE, "6015")


async def test_keys_overlap_while_one_takes_over_from_the_other(running: Platform, tmp_path: Path) -> None:
    before = await new_caller(running)
    await before.enrol(NIK, "siti")
    after = await before.with_new_key(overlap=timedelta(days=1))

    for key_holder, folder in ((before, "old"), (after, "new")):
        (tmp_path / folder).mkdir()
        async with connected(key_holder, tmp_path / folder) as dukcapil:
            assert list(await identify(dukcapil)) == [NIK]


async def test_a_job_goes_the_whole_way(served: Caller, tmp_path: Path) -> None:
    """A platform of another institution's asks ours, as an internal service would have it do."""
    async with platform(tmp_path, dukcapil=settings_of(served, tmp_path)) as asking:
        reply = await Jobs(asking.bus, Topology(2)).run(
            IdentifyAtDukcapil(image=picture("siti")), client_id="internal", deadline_s=10
        )

    result = reply.result(IdentifiedAtDukcapil)
    assert [each.nik for each in result.found] == [NIK, OTHER_NIK]
    assert result.threshold == 7.0

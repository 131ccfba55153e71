"""Who may call the Dukcapil FR API: account, address and quota; and what it answers when the platform can't."""

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from ingress.api.dukcapil import routes
from structlog.testing import capture_logs
from wajah.contracts.envelope import Job
from wajah.contracts.results import Embedded
from wajah.contracts.stages import Stage

from tests.integration.dukcapil_caller import NIK, PASSWORD, USER_ID, Caller, checked, code_of, new_caller
from tests.integration.ingress_server import Platform, platform
from tests.integration.stages import STAGES, embed

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("dukcapil")) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def caller(running: Platform) -> Caller:
    return await new_caller(running)


def wrong_credentials(caller: Caller) -> dict[str, dict[str, Any]]:
    """What a body can have instead of the right credentials."""
    good, size = caller.body(), 256
    flipped = bytearray(base64.b64decode(good["password"]))
    flipped[-1] ^= 1
    return {
        "unknown account": {"user_id": caller.encrypted("somebody")},
        "wrong password": {"password": caller.encrypted("wrong")},
        "both wrong": {"user_id": caller.encrypted("somebody"), "password": caller.encrypted("wrong")},
        "swapped": {"user_id": good["password"], "password": good["user_id"]},
        "account twice": {"password": good["user_id"]},
        "not base64": {"user_id": "%%%"},
        "not encrypted": {"user_id": USER_ID, "password": PASSWORD},
        "truncated": {"password": base64.b64encode(base64.b64decode(good["password"])[:-1]).decode()},
        "damaged": {"password": base64.b64encode(flipped).decode()},
        "above the modulus": {"user_id": base64.b64encode(b"\xff" * size).decode()},
        "very long": {"user_id": "A" * 100_000},
        "empty inside": {"password": caller.encrypted("")},
    }


async def test_whatever_is_wrong_with_credentials_is_told_in_one_way(caller: Caller) -> None:
    for name, wrong in wrong_credentials(caller).items():
        told = checked(await caller.post(caller.body(threshold="99", image="no image") | wrong))

        assert told == {
            "error": {"errorCode": 5001, "errorMessage": "Akun tidak ditemukan"},
            "httpResponseCode": "200",
            "matchScore": "0",
            "transactionId": "0211202201",
            "uid": "",
            "verificationResult": "false",
            "quotaLimiter": "0",
        }, name
        assert checked(await caller.post(caller.verify_body() | wrong, "CALL_FR")) == told, name


async def test_an_unknown_institution_is_told_in_the_same_way(running: Platform, caller: Caller) -> None:
    wrong = checked(await caller.post(caller.body(password=caller.encrypted("wrong"))))

    for customer_id in ("unknown", "x" * 1000, "%00", "%ff", "a%2Fb"):
        path = f"/api/face-recognition/{customer_id}/CALL_FN"
        assert checked(await running.http.post(path, json=caller.body())) == wrong


async def test_the_credentials_of_one_institution_are_not_anothers(running: Platform, caller: Caller) -> None:
    other = await new_caller(running)

    assert code_of(checked(await caller.post(other.body()))) == 5001


async def test_the_account_of_a_client_that_deregistered_is_not_found(running: Platform, caller: Caller) -> None:
    await running.store.registrations.deregister(caller.institution.client_id, datetime.now(UTC))
    during = code_of(await caller.search())
    await running.store.registrations.register(caller.institution.client_id)

    assert (during, code_of(await caller.search())) == (5001, 6019)


async def test_distinct_refusals_are_told_and_warned_of_where_the_operator_wants_them(tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with platform(tmp_path, dukcapil_distinct_refusals=True) as started:
            caller = await new_caller(started)
            wrong = {
                name: checked(await caller.post(caller.body() | each)) for name, each in wrong_credentials(caller).items()
            }
            undecrypted = await caller.verify(nik=NIK) | checked(
                await caller.post(caller.verify_body() | {"nik": "no base64"}, "CALL_FR")
            )

    assert any(each["log_level"] == "warning" and "distinct refusals" in each["event"] for each in logs)
    codes = {name: code_of(told) for name, told in wrong.items()}
    assert codes["unknown account"] == codes["both wrong"] == codes["swapped"] == 5001
    assert codes["wrong password"] == codes["account twice"] == 9002
    assert codes["not base64"] == codes["not encrypted"] == codes["truncated"] == codes["very long"] == 5006
    assert undecrypted["error"]["errorCode"] == 5006
    assert wrong["not base64"]["error"] == "Data gagal di decrypt"
    assert wrong["wrong password"]["error"] == {"errorCode": 9002, "errorMessage": "Password salah"}


async def test_another_address_is_refused_whatever_the_body_or_a_header_says(running: Platform) -> None:
    elsewhere = await new_caller(running, networks=("192.0.2.0/24", "2001:db8::/32"))

    for headers in ({}, {"X-Forwarded-For": "192.0.2.7"}, {"Forwarded": "for=192.0.2.7"}, {"X-Real-IP": "192.0.2.7"}):
        told = checked(await elsewhere.post(elsewhere.body(ip="192.0.2.7"), headers=headers))

        assert (told["error"], told["errorCode"], told["faceThreshold"]) == ("IP Tidak Sesuai", "5003", "0")
    assert (await elsewhere.verify(ip="192.0.2.7"))["error"]["errorCode"] == 5003


async def test_the_address_is_told_only_to_who_knows_the_password(running: Platform) -> None:
    elsewhere = await new_caller(running, networks=("192.0.2.0/24",))

    assert code_of(await elsewhere.search(password=elsewhere.encrypted("wrong"))) == 5001


async def test_an_institution_without_addresses_is_not_served(running: Platform) -> None:
    assert code_of(await (await new_caller(running, networks=())).search()) == 5003


@pytest.mark.parametrize(
    ("forwarded", "code"),
    [
        ("192.0.2.7", 6019),
        ("203.0.113.1, 192.0.2.7", 6019),
        ("192.0.2.7, 10.0.0.1", 6019),
        ("192.0.2.7, 203.0.113.1", 5003),
        ("203.0.113.1", 5003),
        ("", 5003),
        ("no address", 5003),
        ("192.0.2.7, no address", 5003),
        (None, 5003),
    ],
)
async def test_behind_a_trusted_proxy_the_last_address_before_it_decides(
    tmp_path: Path, forwarded: str | None, code: int
) -> None:
    async with platform(tmp_path, dukcapil_trusted_proxies={"127.0.0.1", "10.0.0.0/8"}) as started:
        caller = await new_caller(started, networks=("192.0.2.0/24",))
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

        told = checked(await caller.post(caller.body(), headers=headers))

    assert code_of(told) == code


async def test_a_used_up_quota_is_told_and_comes_back_the_next_day(
    running: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = await new_caller(running, daily_quota=2)
    monkeypatch.setattr(routes, "quota_day", lambda _: date(2026, 3, 1))
    before = [await caller.search(), await caller.verify(), await caller.search(), await caller.verify()]
    monkeypatch.setattr(routes, "quota_day", lambda _: date(2026, 3, 2))
    after = await caller.verify()

    assert [code_of(each) for each in before] == [6019, 6020, 5002, 5002]
    assert before[2]["error"] == "Kuota Hari Ini Habis, Silahkan Dicoba Esok Hari"
    assert (before[2]["faceThreshold"], before[3]["quotaLimiter"]) == ("0", "0")
    assert (code_of(after), after["quotaLimiter"]) == (6020, "1")


async def test_what_is_refused_before_the_search_takes_nothing_of_the_quota(running: Platform) -> None:
    caller = await new_caller(running, daily_quota=1)

    await caller.search(password=caller.encrypted("wrong"))
    await caller.search(threshold=0)
    await caller.search(transactionId="")

    assert code_of(await caller.search()) == 6019


async def test_of_racing_calls_as_many_pass_as_the_quota_allows(running: Platform) -> None:
    caller = await new_caller(running, daily_quota=3)

    told = await asyncio.gather(*(caller.search() for _ in range(8)))

    assert Counter(map(code_of, told)) == {6019: 3, 5002: 5}


async def test_an_embedder_that_does_not_answer_is_busy(tmp_path: Path) -> None:
    async def never(job: Job[Any]) -> Embedded:
        await asyncio.sleep(60)
        return await embed(job)

    async with platform(tmp_path, {**STAGES, Stage.EMBED: never}, deadline_s=0.3) as started:
        caller = await new_caller(started)

        searched, verified = await caller.search(), await caller.verify()

    assert (searched["error"], searched["errorCode"]) == ("Sistem Sedang Sibuk", "6014")
    assert (searched["tid"], searched["faceThreshold"]) == ("0211202201", "7.0")
    assert verified["error"] == {"errorCode": 6014, "errorMessage": "Sistem Sedang Sibuk"}


async def test_a_full_platform_is_busy_before_anything_is_counted(tmp_path: Path) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def waits(job: Job[Any]) -> Embedded:
        begun.set()
        await release.wait()
        return await embed(job)

    async with platform(tmp_path, {**STAGES, Stage.EMBED: waits}, max_in_flight=1) as started:
        caller = await new_caller(started, daily_quota=2)
        first = asyncio.create_task(caller.search())
        await begun.wait()

        searched, verified = await caller.search(), await caller.verify()
        release.set()
        await first

        assert (searched["errorCode"], verified["error"]["errorCode"]) == ("5000", 5000)
        assert (await caller.verify())["quotaLimiter"] == "0"


async def test_a_store_that_is_gone_is_busy(tmp_path: Path) -> None:
    async with platform(tmp_path) as started:
        caller = await new_caller(started)
        await started.store.stop()

        assert code_of(await caller.search()) == 5000
        assert code_of(await caller.verify()) == 5000


async def test_a_crash_has_the_shape_of_the_api(running: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = await new_caller(running)

    async def crash(*_: object) -> None:
        raise RuntimeError(PASSWORD)

    monkeypatch.setattr(running.store.institutions, "get", crash)
    with capture_logs() as logs:
        searched, verified = await caller.search(), await caller.verify()

    assert (code_of(searched), code_of(verified)) == (5000, 5000)
    assert PASSWORD not in str(logs)
    assert [each["code"] for each in logs if each["event"] == "request"] == ["5000", "5000"]


async def test_a_body_that_is_too_large_is_told_in_the_shape_of_the_api(tmp_path: Path) -> None:
    async with platform(tmp_path, max_body_bytes=2048) as started:
        caller = await new_caller(started)

        assert code_of(await caller.search(image="A" * 4096)) == 6006
        assert code_of(await caller.verify(image="A" * 4096)) == 6006


async def test_keys_are_encrypted_in_the_database(tmp_path: Path) -> None:
    async with platform(tmp_path) as started:
        caller = await new_caller(started)
        (stored,) = await started.store.institution_keys.list(caller.customer_id)
    kept = await asyncio.to_thread(_read_all, tmp_path)

    assert stored.fingerprint.encode() in kept
    assert caller.customer_id.encode() in kept
    prime = caller.key.private_numbers().p.to_bytes(128)
    assert prime in stored.private
    assert prime not in kept
    assert prime[:16] not in kept


def _read_all(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.iterdir() if each.is_file())

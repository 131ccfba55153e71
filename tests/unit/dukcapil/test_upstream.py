"""Every answer that Dukcapil may give becomes people, a score, or a code of the status table, in time."""

import asyncio
import base64
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable
from datetime import date
from typing import Any

import pytest
import structlog
from dukcapil.account import Account
from dukcapil.answers import Comparison
from dukcapil.elements import Elements
from dukcapil.upstream import Dukcapil
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.results import Likeness
from wajah.security.rsa_credentials import decrypt

from tests.stand_ins.dukcapil.app import BIOGRAPHIC_PATH, COMPARE_PATH, IDENTIFY_PATH
from tests.stand_ins.dukcapil.serving import StandIn
from tests.stand_ins.dukcapil.state import Behaviour
from tests.unit.dukcapil.conftest import soon

NIK, OTHER_NIK = "3175031708450001", "1101010101000001"
IMAGE = b"\xff\xd8\xff a photograph"


async def identify(dukcapil: Dukcapil, *, within_s: float = 2.0) -> tuple[Likeness, ...]:
    return await dukcapil.identify(IMAGE, 7.0, transaction="t" * 20, until=soon(within_s))


async def compare(dukcapil: Dukcapil) -> Comparison | None:
    return await dukcapil.compare(NIK, IMAGE, transaction="t" * 20, until=soon())


async def refusal(asking: Awaitable[Any]) -> WajahError:
    with pytest.raises(WajahError) as raised:
        await asking
    return raised.value


@contextlib.asynccontextmanager
async def connected(there: StandIn, **settings: object) -> AsyncIterator[Dukcapil]:
    """With settings of its own."""
    told = there.settings(**settings)
    dukcapil = Dukcapil(told, Account.of(told))
    try:
        yield dukcapil
    finally:
        await dukcapil.close()


async def test_people_are_found_best_first_though_their_niks_hold_spaces(there: StandIn, dukcapil: Dukcapil) -> None:
    there.state.found = {"317503 1708450001": 7.25, "1101010101000001 ": 9.88261890411377, "317503XXXXXXXXXX": 7.5}

    found = await identify(dukcapil)

    assert [(each.nik, each.score) for each in found] == [
        (OTHER_NIK, 9.88261890411377),
        ("317503XXXXXXXXXX", 7.5),
        (NIK, 7.25),
    ]


async def test_what_is_asked_is_what_the_document_says(there: StandIn, dukcapil: Dukcapil) -> None:
    await identify(dukcapil)

    call = there.state.calls[-1]
    assert call.path == IDENTIFY_PATH
    assert {name: call.body[name] for name in ("transactionId", "transactionSource", "threshold", "ip")} == {
        "transactionId": "t" * 20,
        "transactionSource": "wajah",
        "threshold": "7",
        "ip": "127.0.0.1",
    }
    assert base64.b64decode(call.body["image"]) == IMAGE
    assert decrypt(there.state.key, call.body["user_id"]) == there.state.user_id
    assert decrypt(there.state.key, call.body["password"]) == there.state.password


async def test_nobody_is_found_without_an_error(dukcapil: Dukcapil) -> None:
    assert await identify(dukcapil) == ()


async def test_credentials_are_encrypted_afresh_for_every_call_and_every_retry(there: StandIn, dukcapil: Dukcapil) -> None:
    there.state.script.extend([6014, 5000])

    await identify(dukcapil)
    await identify(dukcapil)

    sent = [call.body[name] for call in there.state.calls for name in ("user_id", "password")]
    assert len(there.state.calls) == 4
    assert len(set(sent)) == len(sent)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (5001, Code.DK_REFUSED),
        (5002, Code.DK_QUOTA),
        (5003, Code.DK_REFUSED),
        (5004, Code.DK_REFUSED),
        (5005, Code.DK_REFUSED),
        (5006, Code.DK_REFUSED),
        (6006, Code.DK_REFUSED),
        (6015, Code.DK_IMAGE),
        (6020, Code.DK_UNKNOWN),  # about no NIK was asked
        (9002, Code.DK_REFUSED),
        (1234, Code.DK_UNKNOWN),
    ],
)
async def test_a_refusal_has_its_code_and_says_which_of_dukcapils_it_was(
    there: StandIn, dukcapil: Dukcapil, told: int, code: Code
) -> None:
    there.state.script.append(told)

    refused = await refusal(identify(dukcapil))

    assert refused.code is code
    assert refused.answer is not None
    assert refused.answer["errorCode"] == str(told)
    assert len(there.state.calls) == 1


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (Behaviour.SERVER_ERROR, Code.DK_UNKNOWN),
        (Behaviour.NOT_FOUND, Code.DK_MALFORMED),
        (Behaviour.HTML, Code.DK_MALFORMED),
        (Behaviour.LIST, Code.DK_MALFORMED),
        (Behaviour.NO_CODE, Code.DK_MALFORMED),
        (Behaviour.NO_RESPONSE_FIELD, Code.DK_MALFORMED),
        (Behaviour.RESPONSE_NOT_JSON, Code.DK_MALFORMED),
        (Behaviour.SCORE_TOO_HIGH, Code.DK_MALFORMED),
        (Behaviour.SCORE_NOT_A_NUMBER, Code.DK_MALFORMED),
        (Behaviour.NIK_NOT_A_NIK, Code.DK_MALFORMED),
        (Behaviour.HUGE, Code.DK_MALFORMED),
        (Behaviour.BROKEN_OFF, Code.DK_NO_RESPONSE),
        (Behaviour.REDIRECT, Code.DK_MALFORMED),
        (Behaviour.COMPRESSED, Code.DK_MALFORMED),
    ],
)
async def test_an_answer_that_is_none_is_told_and_not_asked_for_again(
    there: StandIn, dukcapil: Dukcapil, behaviour: Behaviour, code: Code
) -> None:
    there.state.script.append(behaviour)

    assert (await refusal(identify(dukcapil))).code is code

    assert [call.path for call in there.state.calls] == [IDENTIFY_PATH]


@pytest.mark.parametrize("behaviour", [Behaviour.SILENT, Behaviour.DRIP])
async def test_no_call_outlasts_its_deadline(there: StandIn, dukcapil: Dukcapil, behaviour: Behaviour) -> None:
    there.state.script.append(behaviour)
    started = time.monotonic()

    refused = await refusal(identify(dukcapil, within_s=0.3))

    assert refused.code is Code.DK_TIMEOUT
    assert 0.2 < time.monotonic() - started < 2


async def test_a_busy_dukcapil_is_asked_again_while_there_is_time(there: StandIn, dukcapil: Dukcapil) -> None:
    there.state.found = {NIK: 8.0}
    there.state.script.extend([6014, 5000])

    assert [each.nik for each in await identify(dukcapil)] == [NIK]

    assert {call.body["transactionId"] for call in there.state.calls} == {"t" * 20}


async def test_one_that_stays_busy_is_told_to_be(there: StandIn, dukcapil: Dukcapil) -> None:
    there.state.script.extend([6014, 6014, 6014])

    assert (await refusal(identify(dukcapil))).code is Code.DK_BUSY

    assert len(there.state.calls) == 3


async def test_it_is_not_asked_again_when_there_is_no_time(there: StandIn) -> None:
    there.state.script.append(6014)

    async with connected(there, dukcapil_busy_pause_s=60.0) as dukcapil:
        assert (await refusal(identify(dukcapil))).code is Code.DK_BUSY

    assert len(there.state.calls) == 1


async def test_a_quota_that_is_used_up_is_not_asked_for_again(there: StandIn, dukcapil: Dukcapil) -> None:
    there.state.script.append(5002)
    await refusal(identify(dukcapil))

    refused = await refusal(identify(dukcapil))

    assert refused.code is Code.DK_QUOTA
    assert len(there.state.calls) == 1
    there.state.scores = {NIK: "16.0"}
    assert await compare(dukcapil) == Comparison(16.0, 80)  # of another method


async def test_a_limit_of_our_own_holds_before_dukcapils(there: StandIn) -> None:
    async with connected(there, dukcapil_daily_quota=1) as dukcapil:
        await identify(dukcapil)
        refused = await refusal(identify(dukcapil))

    assert refused.code is Code.DK_QUOTA
    assert len(there.state.calls) == 1


async def test_where_nobody_listens_is_told_at_once_after_some_failures(there: StandIn) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with connected(there, dukcapil_url=address, dukcapil_breaker_failures=1) as dukcapil:
            first = await refusal(identify(dukcapil))
            started = time.monotonic()
            second = await refusal(identify(dukcapil))

    assert first.code is second.code is Code.DK_UNREACHABLE
    assert time.monotonic() - started < 0.1


async def test_without_an_address_it_is_unreachable(there: StandIn) -> None:
    dukcapil = Dukcapil(there.settings(dukcapil_url=""), None)

    assert (await refusal(identify(dukcapil))).code is Code.DK_UNREACHABLE

    await dukcapil.close()


async def test_at_most_so_many_are_asked_at_a_time(there: StandIn) -> None:
    there.state.script.append(Behaviour.SILENT)

    async with connected(there, dukcapil_at_once=1) as dukcapil:
        first = asyncio.ensure_future(refusal(identify(dukcapil, within_s=0.4)))
        await asyncio.sleep(0.1)
        second = await refusal(identify(dukcapil, within_s=0.1))
        await first

    assert second.code is Code.DK_TIMEOUT
    assert len(there.state.calls) == 1


async def test_a_face_is_compared_with_that_of_a_nik(there: StandIn, dukcapil: Dukcapil) -> None:
    there.state.scores = {NIK: "16.25"}

    assert await compare(dukcapil) == Comparison(16.25, 80)

    call = there.state.calls[-1]
    assert call.path == COMPARE_PATH
    assert decrypt(there.state.key, call.body["nik"]) == NIK
    assert {name: call.body[name] for name in ("threshold", "template", "type", "position", "customer_id")} == {
        "threshold": "15",
        "template": "",
        "type": "Face",
        "position": "F",
        "customer_id": "DK2026",
    }


async def test_a_face_that_differs_has_its_score_and_an_unknown_nik_none(there: StandIn, dukcapil: Dukcapil) -> None:
    unknown = await compare(dukcapil)
    there.state.scores = {NIK: "3.5"}

    assert unknown is None
    assert await compare(dukcapil) == Comparison(3.5, 80)


@pytest.mark.parametrize(
    ("name", "born", "expected"),
    [
        ("SITI NURAINI", "17-08-1945", Elements(name=True, birth_date=True)),
        ("SITI AMINAH", "17-08-1945", Elements(name=False, birth_date=True)),
        ("SITI NURAINI", "18-08-1945", Elements(name=True, birth_date=False)),
    ],
)
async def test_elements_are_checked_one_by_one(
    there: StandIn, dukcapil: Dukcapil, name: str, born: str, expected: Elements
) -> None:
    there.state.people = {NIK: (name, born)}

    checked = await check(dukcapil)

    assert checked == expected
    assert there.state.calls[-1].path == BIOGRAPHIC_PATH


async def check(dukcapil: Dukcapil) -> Elements | None:
    """Of Siti Nuraini, born on 17 August 1945."""
    return await dukcapil.check(NIK, "SITI NURAINI", date(1945, 8, 17), transaction="t" * 20, until=soon())


async def test_an_unknown_nik_has_no_elements(dukcapil: Dukcapil) -> None:
    assert await check(dukcapil) is None


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (5002, Code.DK_QUOTA),
        (9002, Code.DK_REFUSED),
        (Behaviour.SERVER_ERROR, Code.DK_UNKNOWN),
        (Behaviour.HTML, Code.DK_MALFORMED),
        (Behaviour.LIST, Code.DK_MALFORMED),
        (Behaviour.NO_CODE, Code.DK_MALFORMED),
        (Behaviour.NO_RESPONSE_FIELD, Code.DK_MALFORMED),
    ],
)
async def test_a_biographic_check_fails_with_a_code(
    there: StandIn, dukcapil: Dukcapil, told: int | Behaviour, code: Code
) -> None:
    there.state.script.append(told)

    assert (await refusal(check(dukcapil))).code is code


async def test_the_log_holds_no_credential_no_nik_and_no_image(there: StandIn, dukcapil: Dukcapil) -> None:
    there.state.scores = {NIK: "16.25"}
    with structlog.testing.capture_logs() as lines:
        await identify(dukcapil)
        await compare(dukcapil)
        await check(dukcapil)

    sent = [str(value) for call in there.state.calls for name, value in call.body.items() if name != "ip"]
    secrets = {there.state.user_id, there.state.password, NIK, *(value for value in sent if len(value) > 6)}
    assert [line["code"] for line in lines] == ["200", "200", "200"]
    assert not [secret for secret in secrets if secret in str(lines)]

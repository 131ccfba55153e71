"""The credential path of the Dukcapil FR API under attack: nothing tells what became of a ciphertext."""

import asyncio
import json
import logging
import re
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

import pytest
import pytest_asyncio
from ingress.app import build
from ingress.settings import IngressSettings
from starlette.types import ASGIApp, Message
from structlog.testing import capture_logs
from wajah.messaging.caller import Jobs
from wajah.messaging.topology import Topology
from wajah.security import passwords
from wajah.security.passwords import Passwords

from tests.integration.damaged_credentials import Attacker, Pair, Recorded
from tests.integration.dukcapil_caller import NIK, PASSWORD, USER_ID, Caller, checked, new_caller
from tests.integration.ingress_server import Platform, platform

ATTEMPTS: Final = 5_000  # of two ciphertexts each
AT_ONCE: Final = 16
TIMED: Final = 9  # calls of each kind
CLIFF: Final = 3.0  # a password that is not checked makes a call some 20 times as fast
SEED: Final = 20260101

_CIPHERTEXT: Final = re.compile(r"[A-Za-z0-9+=]{40}")

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("dukcapil")) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def caller(running: Platform) -> Caller:
    caller = await new_caller(running)
    await caller.enrol(NIK, "siti")
    return caller


@pytest_asyncio.fixture(loop_scope="module")
async def attacker(running: Platform, caller: Caller) -> Attacker:
    mine, foreign = caller.body(), (await new_caller(running)).body()
    recorded = Recorded(mine["user_id"], mine["password"], foreign["user_id"], foreign["password"])
    return Attacker(recorded, caller.key, SEED)


async def asked(app: ASGIApp, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
    """HTTP status and body of a POST, without a socket: ten thousand calls over one would be a test of sockets."""
    answer: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def send(message: Message) -> None:
        answer.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    return answer[0]["status"], b"".join(each.get("body", b"") for each in answer[1:])


def check_logs(logs: Sequence[Any], secrets: Sequence[str]) -> None:
    text = "\n".join(map(str, logs))
    assert not [secret for secret in secrets if secret in text]
    assert _CIPHERTEXT.search(text) is None


async def test_ten_thousand_damaged_ciphertexts_are_refused_in_one_way(
    running: Platform, caller: Caller, attacker: Attacker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)  # the attempts are of the decryption: each guess would take 30 ms
    jobs = Jobs(running.bus, Topology(2))

    async def ready() -> bool:
        return True

    app = build(IngressSettings(), jobs, running.store, Passwords(), ready)
    path, body = f"/api/face-recognition/{caller.customer_id}/CALL_FN", caller.body()
    attempts = iter(attacker.pairs(ATTEMPTS))
    answers: dict[tuple[int, bytes], set[str]] = defaultdict(set)

    async def attack() -> None:
        for kind, (user_id, password) in attempts:
            answers[await asked(app, path, body | {"user_id": user_id, "password": password})].add(kind)

    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        await asyncio.gather(*(attack() for _ in range(AT_ONCE)))

    assert len(answers) == 1, {answer: kinds for answer, kinds in answers.items() if len(kinds) < 5}
    ((status, told),) = answers
    assert status == 200
    assert json.loads(told)["error"]["errorCode"] == 5001
    assert len(logs) == ATTEMPTS
    assert {each["event"] for each in logs} == {"request"}
    check_logs([*logs, caplog.text], (PASSWORD, USER_ID, NIK, body["image"]))


async def test_what_was_recorded_is_accepted_again_as_the_protocol_has_no_nonce(caller: Caller) -> None:
    body = caller.body()

    first, again = [checked(await caller.post(body)) for _ in range(2)]

    assert first == again
    assert first["errorCode"] == "6018"


async def test_a_damaged_nik_is_told_like_one_that_nobody_has_and_never_shown(caller: Caller, attacker: Attacker) -> None:
    niks = [encrypted for _, pair in attacker.pairs(39) for encrypted in pair if encrypted != caller.body()["user_id"]]
    expected = await caller.verify(nik="9999999999999999") | {"quotaLimiter": ""}

    with capture_logs() as logs:
        for nik in (*niks, caller.encrypted(PASSWORD)):
            told = checked(await caller.post(caller.verify_body() | {"nik": nik}, "CALL_FR"))

            assert told | {"quotaLimiter": ""} == expected

    check_logs(logs, (PASSWORD, USER_ID))


async def test_no_time_tells_what_was_wrong(running: Platform, caller: Caller, attacker: Attacker) -> None:
    good = caller.body()
    pairs: dict[str, Pair] = {name: make() for name, make in attacker.kinds.items()}
    pairs |= {
        "unknown account": (caller.encrypted("somebody"), good["password"]),
        "wrong password": (good["user_id"], caller.encrypted("wrong")),
    }
    seconds: dict[str, list[float]] = defaultdict(list)

    for _ in range(TIMED):
        for name, (user_id, password) in pairs.items():
            seconds[name].append(await _timed(caller, {"user_id": user_id, "password": password}))
        unknown = running.http.post("/api/face-recognition/unknown/CALL_FN", json=good)
        started = time.perf_counter()
        checked(await unknown)
        seconds["unknown institution"].append(time.perf_counter() - started)

    medians = {name: statistics.median(each) for name, each in seconds.items()}
    assert max(medians.values()) < CLIFF * min(medians.values()), medians


async def _timed(caller: Caller, credentials: dict[str, str]) -> float:
    body = caller.body() | credentials
    started = time.perf_counter()
    told = checked(await caller.post(body))
    seconds = time.perf_counter() - started
    assert told["error"]["errorCode"] == 5001
    return seconds

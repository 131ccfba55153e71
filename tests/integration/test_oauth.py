"""Access tokens over HTTP: given, refused, revoked, expired."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from wajah.storage.ports import Client, Quota

from tests.integration.ingress_server import Platform, platform

SECRET = "p@ss & wörd=%+ 1"
FORM = {"client_id": "riset.ai", "password": SECRET}
TOKEN_PATHS = ("/oauth/client/token", "/oauth/client/login")


async def with_passwords(folder: Path, **settings: Any) -> AsyncGenerator[Platform]:
    async with platform(folder, **settings) as started:
        remaining = dict.fromkeys(Quota)
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # a hash says what it costs to check
        for client_id, password in (("riset.ai", SECRET), ("other", "another secret")):
            hashed = cheap.hash(password)
            await started.store.clients.add(Client(client_id, hashed, remaining, datetime.now(UTC)))
        yield started


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Platform]:
    async for started in with_passwords(tmp_path):
        yield started


async def new_token(running: Platform, form: dict[str, str] | None = None) -> str:
    return str((await running.http.post("/oauth/client/token", data=form or FORM)).json()["access_token"])


async def is_taken(running: Platform, token: str) -> bool:
    flat, wrapped = [
        await running.http.get(f"{mount}/facegallery/my-facegalleries", headers={"Accesstoken": token})
        for mount in ("/face-api", "/risetai/face-api")
    ]
    assert flat.status_code == wrapped.status_code
    return flat.status_code == 200


@pytest.mark.parametrize("path", TOKEN_PATHS)
@pytest.mark.parametrize(
    "form",
    [
        {"data": FORM},
        {"files": {name: (None, value) for name, value in FORM.items()}},
        {"json": FORM},
        {"content": json.dumps(FORM).encode(), "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": httpx.Request("POST", "http://x", data=FORM).content, "headers": {"Content-Type": "application/json"}},
    ],
    ids=["URL-encoded", "multipart", "JSON", "JSON labelled as a form", "a form labelled as JSON"],
)
async def test_a_client_gets_a_token_that_every_mount_takes(running: Platform, path: str, form: dict[str, Any]) -> None:
    answer = await running.http.post(path, **form)

    assert answer.status_code == 201
    assert list(answer.json()) == ["access_token"]
    assert answer.headers["cache-control"] == "no-store"
    assert await is_taken(running, answer.json()["access_token"])


@pytest.mark.parametrize("path", [*TOKEN_PATHS, "/oauth/token/revoke"])
@pytest.mark.parametrize(
    "form",
    [
        {},
        {"client_id": "riset.ai"},
        {"client_id": "riset.ai", "password": "wrong"},
        {"client_id": "nobody", "password": SECRET},
        {"client_id": "other", "password": SECRET},
        {"client_id": "riset.ai", "password": ""},
    ],
)
async def test_a_refusal_is_the_same_whatever_is_wrong(running: Platform, path: str, form: dict[str, str]) -> None:
    answer = await running.http.post(path, data=form)

    assert answer.status_code == 401
    assert answer.json() == {"status_code": 401, "status_message": "Accesstoken not authorized"}


async def test_a_client_may_have_several_tokens_and_revokes_one(running: Platform) -> None:
    first, second = await new_token(running), await new_token(running)

    answer = await running.http.post("/oauth/token/revoke", data=FORM, headers={"Accesstoken": first})

    assert answer.status_code == 200
    assert answer.json() == {"status_message": "Success Revoke Token"}
    assert first != second
    assert not await is_taken(running, first)
    assert await is_taken(running, second)


async def test_a_token_is_revoked_once_and_by_its_own_client_only(running: Platform) -> None:
    token = await new_token(running)
    foreign = {"client_id": "other", "password": "another secret"}

    by_another = await running.http.post("/oauth/token/revoke", data=foreign, headers={"Accesstoken": token})
    still_taken = await is_taken(running, token)
    once = await running.http.post("/oauth/token/revoke", data=FORM, headers={"Accesstoken": token})
    twice = await running.http.post("/oauth/token/revoke", data=FORM, headers={"Accesstoken": token})
    without = await running.http.post("/oauth/token/revoke", data=FORM)

    assert still_taken
    assert [answer.status_code for answer in (by_another, once, twice, without)] == [401, 200, 401, 401]


async def test_a_token_expires_when_it_is_told_to(tmp_path: Path) -> None:
    async for running in with_passwords(tmp_path, token_ttl_days=2 / 86400):
        token = await new_token(running)

        at_first = await is_taken(running, token)
        await asyncio.sleep(2.1)

        assert at_first
        assert not await is_taken(running, token)


async def test_sign_ins_past_the_bound_are_503(tmp_path: Path) -> None:
    async for running in with_passwords(tmp_path, max_sign_ins=1):
        answers = await asyncio.gather(*(running.http.post("/oauth/client/token", data=FORM) for _ in range(12)))

        assert {answer.status_code for answer in answers} == {201, 503}
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert "retry-after" in refused.headers
        assert refused.json() == {"status_code": 503, "status_message": "Server busy, try again later"}


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/oauth/client/token", b"", 405),
        ("POST", "/oauth/client/unknown", b"", 404),
        ("POST", "/oauth/client/token", b"x" * 100_000, 413),
    ],
)
async def test_what_never_reached_it_keeps_the_shape_of_a_refusal(
    running: Platform, method: str, path: str, content: bytes, status: int
) -> None:
    answer = await running.http.request(method, path, content=content)

    assert answer.status_code == status
    assert list(answer.json()) == ["status_code", "status_message"]
    assert answer.json()["status_code"] == status


async def test_no_secret_reaches_the_log(running: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    token = await new_token(running)
    await running.http.post("/oauth/client/token", data=FORM | {"password": "mistyped secret"})
    await is_taken(running, token)

    logged = "".join(capsys.readouterr())

    assert "/oauth/client/token" in logged
    assert not any(secret in logged for secret in (SECRET, "mistyped secret", token))

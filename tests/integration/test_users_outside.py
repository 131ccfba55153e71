"""Users 1:N: what never reaches the API, and what no caller can do to it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wajah.contracts.envelope import Job
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.results import Embedded
from wajah.contracts.stages import Stage
from wajah.storage.ports import Api, ApiKey, StoreUnavailable

from tests.integration.ingress_server import CLIENT, Platform, platform
from tests.integration.stages import STAGES, picture_text
from tests.integration.users_caller import LISTS, Tenant, add_key, check_done, check_problem, key_of, new_client

MAX_BODY_BYTES = 50_000
FACE = {"face": picture_text("siti")}
CALLS = [
    (method, listed + segment)
    for listed in LISTS
    for method, segment in (("POST", "siti"), ("POST", "search"), ("DELETE", "siti"))
]

in_module = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("outside"), max_body_bytes=MAX_BODY_BYTES, body_timeout_s=1) as started:
        await add_key(started.store, CLIENT)
        yield started


@in_module
@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("key", [None, "", "unknown", "key of umbrella to users", "\xe9"])
async def test_a_call_without_a_valid_key_is_401(running: Platform, method: str, path: str, key: str | None) -> None:
    headers = {} if key is None else {"x-api-key": key.encode("latin-1")}

    answer = await running.http.request(method, f"/users/{path}", headers=headers, content=b"whatever")

    check_problem(answer, 401)


@in_module
async def test_an_access_token_is_no_key_and_a_key_no_access_token(running: Platform) -> None:
    token = running.headers()["Accesstoken"]

    with_token = await running.http.post("/users/search", headers={"Accesstoken": token, "x-api-key": token}, json=FACE)
    with_key = await running.http.post(
        "/face-api/facegallery/list-faces", headers={"Accesstoken": key_of(CLIENT)}, json={"facegallery_id": "users"}
    )

    check_problem(with_token, 401)
    assert with_key.status_code == 401


@in_module
async def test_a_revoked_key_is_refused_at_once(running: Platform) -> None:
    client_id = await new_client(running.store)
    tenant = Tenant(running, client_id)
    check_done(await tenant.enrol("siti"))
    [key] = await running.store.api_keys.list(client_id)

    await running.store.api_keys.revoke(client_id, key.prefix)

    check_problem(await tenant.search("siti"), 401)
    check_problem(await tenant.unenrol("siti"), 401)


@in_module
@pytest.mark.parametrize(
    "path", ["", "/", "//", "/a/b", "/a/", "/blacklist/", "/whitelist/a/b", "/search/x", "/Blacklist/a", "/a//b"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
async def test_an_unknown_path_is_404(running: Platform, path: str, method: str) -> None:
    check_problem(await running.http.request(method, f"/users{path}"), 404)


@in_module
@pytest.mark.parametrize("path", ["siti", "search", "blacklist", "a%2Fb", "blacklist/siti", "whitelist/search"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
async def test_another_method_is_405_and_told_which_would_do(running: Platform, method: str, path: str) -> None:
    answer = await running.http.request(method, f"/users/{path}")

    check_problem(answer, 405)
    assert answer.headers["allow"] == "DELETE, POST"


@in_module
async def test_the_head_of_nothing_is_405_too(running: Platform) -> None:
    answer = await running.http.head("/users/siti")

    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, POST")


@in_module
@pytest.mark.parametrize("segment", ["siti", "search"])
async def test_a_body_that_is_too_large_is_413(running: Platform, segment: str) -> None:
    answer = await Tenant(running, CLIENT).call("POST", segment, content=b" " * (MAX_BODY_BYTES + 1))

    check_problem(answer, 413)


@in_module
async def test_an_upload_that_stalls_is_given_up(running: Platform) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.ingress.port)

    writer.write(
        f"POST /users/search HTTP/1.1\r\nHost: x\r\nx-api-key: {key_of(CLIENT)}\r\nContent-Length: 100\r\n\r\n{{".encode()
    )
    answer = await reader.readuntil(b'/408"}')
    writer.close()

    assert answer.startswith(b"HTTP/1.1 408")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["title"] == "Request Timeout"


@in_module
@pytest.mark.parametrize("listed", LISTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_nothing_breaks_an_endpoint_or_comes_back(running: Platform, listed: str, data: st.DataObject) -> None:
    secret = "SECRET" * 4
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=130) | st.just(secret)
    images = st.sampled_from(
        [
            FACE["face"],
            picture_text(None),
            picture_text("siti", faces=2),
            picture_text("siti", damaged=True),
            picture_text("siti", small=True),
        ]
    )
    values = scalars | images | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=5), scalars, max_size=3)
    objects = st.fixed_dictionaries({}, optional={"face": images | values, "threshold": values | st.floats(1, 100)})
    content = data.draw((objects | values).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=300))
    segment = data.draw(st.sampled_from(["search", "blacklist", "siti"]) | st.text(max_size=130).map(encoded))
    method = data.draw(st.sampled_from(["POST", "POST", "DELETE"]))

    answer = await Tenant(running, CLIENT, listed).call(method, segment, content=content)

    assert answer.status_code in {200, 400, 404}
    assert FACE["face"] not in answer.text
    if answer.status_code != 200:
        check_problem(answer, answer.status_code, *answer.json().get("errors", ()))
        assert ("errors" in answer.json()) == (answer.status_code == 400)
        assert secret not in answer.text
    elif segment != "search":
        check_done(answer)
    else:
        assert 1 <= len(answer.json()["matches"]) <= 10
        assert all(match.keys() <= {"userId", "similarity"} for match in answer.json()["matches"])


def encoded(user_id: str) -> str:
    return quote(user_id.encode("utf-8", "surrogatepass"), safe="")


async def _crash(_job: Job[Any]) -> Embedded:
    raise RuntimeError(FACE["face"])


async def _busy(_job: Job[Any]) -> Embedded:
    raise WajahError(Code.BUSY, retry_after_s=6.5)


async def _sleep(_job: Job[Any]) -> Embedded:
    await asyncio.sleep(0.8)
    raise WajahError(Code.SERVER_ERROR)


@pytest_asyncio.fixture
async def broken(request: pytest.FixtureRequest, tmp_path: Any) -> AsyncGenerator[Platform]:
    async with platform(tmp_path, STAGES | {Stage.EMBED: request.param}, deadline_s=0.4, max_in_flight=2) as started:
        await add_key(started.store, CLIENT)
        yield started


@pytest.mark.parametrize("broken", [_crash], indirect=True)
async def test_a_stage_that_crashes_is_500_and_tells_nothing(broken: Platform) -> None:
    check_problem(await Tenant(broken, CLIENT).enrol("siti"), 500)
    check_problem(await Tenant(broken, CLIENT).search("siti"), 500)


@pytest.mark.parametrize("broken", [_crash], indirect=True)
async def test_an_ingress_that_crashes_is_500_and_tells_nothing(
    broken: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    async def crash(*_args: Any, **_more: Any) -> None:
        raise RuntimeError(FACE["face"])

    broken.bus.request = crash  # type: ignore[assignment, method-assign]  # a bus with a defect
    answer = await Tenant(broken, CLIENT).enrol("siti")

    check_problem(answer, 500)
    assert FACE["face"] not in "".join(capsys.readouterr())


@pytest.mark.parametrize("broken", [_busy], indirect=True)
async def test_a_busy_stage_is_503_with_when_to_come_back(broken: Platform) -> None:
    answer = await Tenant(broken, CLIENT).search("siti")

    check_problem(answer, 503)
    assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize("broken", [_sleep], indirect=True)
async def test_a_deadline_that_passes_and_a_full_house_are_503(broken: Platform) -> None:
    tenant = Tenant(broken, CLIENT)
    inside = [asyncio.create_task(tenant.search("siti")) for _ in range(2)]
    await asyncio.sleep(0.2)

    refused = await broken.http.post("/users/search", content=b"neither key nor JSON")
    late = await asyncio.gather(*inside)

    for answer in (refused, *late):
        check_problem(answer, 503)
        assert "retry-after" in answer.headers


@pytest.mark.parametrize("broken", [_crash], indirect=True)
async def test_a_store_that_can_not_be_reached_is_503(broken: Platform) -> None:
    async def authorise(_key_sha256: bytes, _api: Api, *, hits: int) -> ApiKey:
        raise StoreUnavailable

    broken.store.api_keys.authorise = authorise  # type: ignore[method-assign]  # a store that has gone
    answer = await Tenant(broken, CLIENT).search("siti")

    check_problem(answer, 503)
    assert "retry-after" in answer.headers

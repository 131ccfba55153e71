"""What never reaches the Face API: the HTTP status says it, and the body keeps its shape."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wajah.contracts.envelope import Job
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.results import Embedded
from wajah.contracts.stages import Stage
from wajah.storage.ports import Client, StoreUnavailable

from tests.integration.face_api_calls import CALLS, ENDPOINTS
from tests.integration.ingress_server import CLIENT, OTHER_CLIENT, Platform, platform
from tests.integration.stages import STAGES, picture_text

MOUNTS = ("/face-api", "/risetai/face-api")
MAX_BODY_BYTES = 50_000
FIELDS = sorted({field for _, _, body in CALLS for field in body.model_fields} | {"risetai"})
IMAGE = picture_text("siti")
PROBE = {"facegallery_id": "office", "image": IMAGE}

in_module = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("outside"), max_body_bytes=MAX_BODY_BYTES, body_timeout_s=1) as started:
        yield started


def told(mount: str, answer: Any) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    return body["risetai"] if mount.startswith("/risetai") else body


@in_module
@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize(("method", "name"), ENDPOINTS)
@pytest.mark.parametrize("content", [b"not JSON", b"user_id=1&image=abc", b'{"user_id": ', b'{"user_id": "\xff\xfe"}'])
async def test_what_is_not_json_is_400(running: Platform, mount: str, method: str, name: str, content: bytes) -> None:
    answer = await running.call(method, f"{mount}/{name}", content=content)

    assert answer.status_code == 400
    assert told(mount, answer) == {"status": "400", "status_message": "Request malformed: not JSON"}


@in_module
@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("path", ["", "/", "/nowhere", "/facegallery/verify-face/", "/facegallery/Verify-Face", "/client"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_path_is_404(running: Platform, mount: str, path: str, method: str) -> None:
    answer = await running.http.request(method, mount + path)

    assert answer.status_code == 404
    assert told(mount, answer) == {"status": "404", "status_message": "Not found"}


@in_module
@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize(("method", "name"), ENDPOINTS)
async def test_another_method_is_405_and_told_which_would_do(running: Platform, mount: str, method: str, name: str) -> None:
    answer = await running.http.put(f"{mount}/{name}", headers=running.headers(), json={})

    assert answer.status_code == 405
    assert method in answer.headers["allow"]
    assert told(mount, answer) == {"status": "405", "status_message": "Method not allowed"}


@in_module
@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_large_is_413(running: Platform, mount: str, declared: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield b" " * 10_000

    answer = await running.http.post(
        f"{mount}/compare-images", headers=running.headers(), content=b" " * 80_000 if declared else chunks()
    )

    assert answer.status_code == 413
    assert told(mount, answer) == {"status": "413", "status_message": "Request body too large"}


@in_module
async def test_a_body_that_is_declared_too_large_is_refused_before_it_is_sent(running: Platform) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.ingress.port)
    token = running.headers()["Accesstoken"]

    writer.write(
        f"POST /face-api/compare-images HTTP/1.1\r\nHost: x\r\nAccesstoken: {token}\r\n"
        f"Content-Length: 1000000000\r\n\r\n".encode()
    )
    status = await reader.readline()
    writer.close()

    assert status.startswith(b"HTTP/1.1 413")


@in_module
@pytest.mark.parametrize("host", ["[", "a b", "é", "", "x" * 3000])
async def test_a_strange_host_header_changes_nothing(running: Platform, host: str) -> None:
    headers = running.headers() | {"Host": host.encode("latin-1")}

    answer = await running.http.get("/face-api/facegallery/my-facegalleries", headers=headers)

    assert (answer.status_code, answer.json()["status"]) == (200, "200")


@in_module
async def test_the_largest_body_is_taken(running: Platform) -> None:
    body = json.dumps({"facegallery_id": "none", "image": IMAGE}).encode()

    answer = await running.call("POST", "/face-api/facegallery/identify-face", content=body.ljust(MAX_BODY_BYTES))

    assert answer.json()["status"] == "416"


@in_module
async def test_an_upload_that_stalls_is_given_up(running: Platform) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.ingress.port)
    token = running.headers()["Accesstoken"]

    writer.write(
        f"POST /risetai/face-api/compare-images HTTP/1.1\r\nHost: x\r\nAccesstoken: {token}\r\n"
        f"Content-Length: 100\r\n\r\n{{".encode()
    )
    answer = await reader.readuntil(b"}}")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 408")
    assert answer.endswith(b'{"risetai":{"status":"408","status_message":"Request body incomplete"}}')


@in_module
@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize(("method", "name"), ENDPOINTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_body_breaks_an_endpoint_or_comes_back(
    running: Platform, mount: str, method: str, name: str, data: st.DataObject
) -> None:
    secret = "SECRET" * 4
    scalars = (
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=130) | st.just(secret) | st.just(IMAGE)
    )
    values = st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    )
    objects = st.dictionaries(st.sampled_from(FIELDS), values, max_size=9)
    bodies = (objects | values).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=300)
    content = data.draw(bodies)
    query = data.draw(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=130) | st.just(IMAGE), max_size=3))
    caller = OTHER_CLIENT if name == "client/delete" else CLIENT  # it ends what the other calls need

    answer = await running.call(method, f"{mount}/{name}", content=content, params=query, client_id=caller)

    assert answer.status_code in {200, 400}
    body = told(mount, answer)
    assert list(answer.json()) == ["risetai"] or not mount.startswith("/risetai")
    assert list(body)[:2] == ["status", "status_message"]
    assert body["status"].isdecimal()
    assert IMAGE not in answer.text
    if body["status"] not in {"200", "411"}:
        assert secret not in answer.text


async def _crash(_job: Job[Any]) -> Embedded:
    raise RuntimeError(IMAGE)


async def _busy(_job: Job[Any]) -> Embedded:
    raise WajahError(Code.BUSY, retry_after_s=6.5)


async def _sleep(_job: Job[Any]) -> Embedded:
    await asyncio.sleep(0.8)
    raise WajahError(Code.SERVER_ERROR)


@pytest.mark.parametrize("mount", MOUNTS)
async def test_a_stage_that_crashes_is_500_and_tells_nothing(tmp_path: Path, mount: str) -> None:
    async with platform(tmp_path, STAGES | {Stage.EMBED: _crash}) as running:
        answer = await running.call("POST", f"{mount}/facegallery/identify-face", PROBE)

    assert answer.status_code == 500
    assert told(mount, answer) == {"status": "500", "status_message": "Server error"}


@pytest.mark.parametrize("mount", MOUNTS)
async def test_an_ingress_that_crashes_is_500_and_tells_nothing(
    tmp_path: Path, mount: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with platform(tmp_path) as running:

        async def crash(*_args: Any, **_more: Any) -> None:
            raise RuntimeError(IMAGE)

        running.bus.request = crash  # type: ignore[assignment, method-assign]  # a bus with a defect
        answer = await running.call("POST", f"{mount}/facegallery/identify-face", PROBE)

    assert answer.status_code == 500
    assert told(mount, answer) == {"status": "500", "status_message": "Server error"}
    assert IMAGE not in "".join(capsys.readouterr())


@pytest.mark.parametrize("mount", MOUNTS)
async def test_a_busy_stage_is_503_with_when_to_come_back(tmp_path: Path, mount: str) -> None:
    async with platform(tmp_path, STAGES | {Stage.EMBED: _busy}) as running:
        answer = await running.call("POST", f"{mount}/facegallery/identify-face", PROBE)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    assert told(mount, answer)["status"] == "503"


@pytest.mark.parametrize("mount", MOUNTS)
async def test_a_deadline_that_passes_is_503(tmp_path: Path, mount: str) -> None:
    async with platform(tmp_path, STAGES | {Stage.EMBED: _sleep}, deadline_s=0.2) as running:
        answer = await running.call("POST", f"{mount}/facegallery/identify-face", PROBE)

    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert told(mount, answer)["status"] == "503"


async def test_a_full_house_refuses_without_taking_a_hit_and_still_answers_what_needs_no_picture(tmp_path: Path) -> None:
    async with platform(tmp_path, STAGES | {Stage.EMBED: _sleep}, max_in_flight=2, deadline_s=1) as running:
        identify = "/face-api/facegallery/identify-face"
        inside = [asyncio.create_task(running.call("POST", identify, PROBE)) for _ in range(2)]
        await asyncio.sleep(0.3)

        refused = await running.http.post(identify, content=b"neither token nor JSON")
        listed = await running.call("GET", "/face-api/facegallery/my-facegalleries")
        await asyncio.gather(*inside)
        afterwards = await running.http.post(identify, content=b"neither token nor JSON")

    assert refused.status_code == 503
    assert refused.json()["status"] == "503"
    assert "retry-after" in refused.headers
    assert listed.status_code == 200
    assert afterwards.status_code == 401


async def test_a_store_that_can_not_be_reached_is_503(tmp_path: Path) -> None:
    async with platform(tmp_path) as running:

        async def authorise(_token_sha256: bytes, *, hits: int, deregistered: bool = False) -> Client:
            raise StoreUnavailable

        running.store.clients.authorise = authorise  # type: ignore[method-assign]  # a store that has gone
        answer = await running.call("POST", "/face-api/facegallery/identify-face", PROBE)

    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_a_bus_that_can_not_be_reached_is_503(tmp_path: Path) -> None:
    async with platform(tmp_path) as running:
        await running.bus.stop()

        answer = await running.call("POST", "/risetai/face-api/facegallery/identify-face", PROBE)
        await running.bus.start()

    assert answer.status_code == 503
    assert answer.json()["risetai"]["status"] == "503"

"""Face verification of identity cards over HTTP: every documented answer, and whatever else comes in."""

import base64
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from dukcapil.settings import DukcapilSettings
from wajah.contracts.envelope import Envelope, Reply
from wajah.contracts.errors import Code
from wajah.contracts.jobs import VerifyKtp
from wajah.contracts.results import KtpVerified
from wajah.security.tokens import sha256_of
from wajah.storage.ports import Api, ApiKey
from wajah.storage.recorder import transaction_of

from tests.integration.ingress_server import Platform, platform
from tests.integration.ktp_caller import BORN, CLIENT, KEY, NAME, NIK, PASSWORD, PATH, register, sign_up
from tests.integration.stages import picture
from tests.stand_ins.dukcapil.serving import StandIn, stand_in

UNAVAILABLE = {
    "verification_status": False,
    "reason": "Something wrong in Dukcapil server",
    "result": {"nik": None, "name": None, "date_of_birth": None, "face_image_percentage": None},
}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Platform]:
    """With the platform's own civil register, and Siti in it."""
    async with platform(tmp_path, dukcapil=DukcapilSettings()) as started:
        await sign_up(started)
        await register(started)
        yield started


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path) as dukcapil:
        yield dukcapil


def basic(username: str = CLIENT, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


async def verify(running: Platform, image: bytes | None = None, **fields: str | None) -> httpx.Response:
    """The card of Siti, but for what is given; None leaves a field out."""
    form = {"nik": NIK, "name": NAME, "date_of_birth": BORN} | fields
    return await running.http.post(
        PATH,
        data={name: value for name, value in form.items() if value is not None},
        files={"face_image": ("face.jpg", picture("siti") if image is None else image)},
        headers={"Authorization": basic(), "x-api-key": KEY},
    )


def told(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of an answer as every answer has to be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["Request-Id"]
    body: dict[str, Any] = answer.json()
    return body


def outcome(verified: bool, reason: str, **result: Any) -> dict[str, Any]:
    found = {"nik": True, "name": True, "date_of_birth": True, "face_image_percentage": 100.0}
    return {"verification_status": verified, "reason": reason, "result": found | result}


async def test_a_card_that_is_right_is_verified(running: Platform) -> None:
    body = told(await verify(running))

    assert body == outcome(True, "Verification Success")
    assert list(body) == ["verification_status", "reason", "result"]
    assert list(body["result"]) == ["nik", "name", "date_of_birth", "face_image_percentage"]


async def test_an_unknown_nik_is_not_found(running: Platform) -> None:
    body = told(await verify(running, nik="3175035708450002"))

    nothing = {"nik": False, "name": None, "date_of_birth": None, "face_image_percentage": 0}
    assert body == outcome(False, "NIK not found on Dukcapil database", **nothing)


async def test_another_name_does_not_match(running: Platform) -> None:
    assert told(await verify(running, name="Siti Aminah")) == outcome(False, "Name does not match", name=False)


@pytest.mark.parametrize("name", ["siti nuraini", "St. Nur'aini", " SITI  NURAINI ", "Sitinuraini"])
async def test_a_name_written_otherwise_does(running: Platform, name: str) -> None:
    assert told(await verify(running, name=name))["verification_status"]


async def test_another_birth_date_does_not_match(running: Platform) -> None:
    expected = outcome(False, "Date of birth does not match", date_of_birth=False)

    assert told(await verify(running, date_of_birth="18-08-1945")) == expected


async def test_another_face_does_not_pass(running: Platform) -> None:
    body = told(await verify(running, picture("siti", likeness=0.3)))

    percentage = body["result"]["face_image_percentage"]
    assert 0 < percentage < 75
    assert body == outcome(False, "Selfie image does not pass the threshold", face_image_percentage=percentage)


async def test_of_several_faults_the_first_is_the_reason_and_all_are_shown(running: Platform) -> None:
    body = told(await verify(running, picture("agus", likeness=1.0), name="Agus", date_of_birth="01-01-1990"))

    assert body["reason"] == "Name does not match"
    assert (body["result"]["name"], body["result"]["date_of_birth"]) == (False, False)


@pytest.mark.parametrize("nik", [None, "", "317503570845000", "31750357084500011", "3175037708450001", "abc"])
async def test_what_is_no_nik_is_refused(running: Platform, nik: str | None) -> None:
    body = told(await verify(running, nik=nik), 400)

    assert body == {"verification_status": False, "reason": "Invalid NIK number format"}


@pytest.mark.parametrize("born", [None, "", "1945-08-17", "17/08/1945", "17-8-1945", "31-02-1945", "17-08-45", "١٧-٠٨-١٩٤٥"])
async def test_what_is_no_date_is_refused(running: Platform, born: str | None) -> None:
    body = told(await verify(running, date_of_birth=born), 400)

    assert body == {"verification_status": False, "reason": "Invalid date_of_birth format"}


@pytest.mark.parametrize("name", [None, "", "  ", "x" * 121, "Si\x07ti"])
async def test_what_is_no_name_is_refused(running: Platform, name: str | None) -> None:
    assert told(await verify(running, name=name), 400)["reason"] == "Invalid name format"


@pytest.mark.parametrize("image", [b"GIF89a", b"%PDF-1.7", b"x", b""])
async def test_what_is_no_image_is_another_media_type(running: Platform, image: bytes) -> None:
    body = told(await verify(running, image), 415)

    assert body == {"verification_status": False, "reason": "face_image is not a JPEG or PNG image"}


@pytest.mark.parametrize(
    ("image", "status", "reason"),
    [
        (picture("siti", damaged=True), 415, "face_image is not a JPEG or PNG image"),
        (picture(None), 400, "No face found in face_image"),
        (picture("siti", small=True), 400, "The face in face_image is too small"),
    ],
)
async def test_a_picture_without_a_usable_face_is_refused(running: Platform, image: bytes, status: int, reason: str) -> None:
    assert told(await verify(running, image), status) == {"verification_status": False, "reason": reason}


def multipart(*parts: tuple[str, bytes], boundary: str = "x") -> bytes:
    """Each part with its headers as they stand."""
    body = b"".join(b"--%b\r\n%b\r\n\r\n%b\r\n" % (boundary.encode(), head.encode(), data) for head, data in parts)
    return body + b"--%b--\r\n" % boundary.encode()


async def post(running: Platform, body: bytes, content_type: str = "multipart/form-data; boundary=x") -> httpx.Response:
    headers = {"Authorization": basic(), "x-api-key": KEY, "Content-Type": content_type}
    return await running.http.post(PATH, content=body, headers=headers)


def part(name: str, more: str = "") -> str:
    return f'Content-Disposition: form-data; name="{name}"{more}'


async def test_parts_come_in_any_order_and_under_any_label(running: Platform) -> None:
    body = multipart(
        (part("face_image", '; filename="../../etc/passwd"\r\nContent-Type: text/html'), picture("siti")),
        (part("else"), b"ignored"),
        (part("date_of_birth", '; filename="date.txt"'), BORN.encode()),
        (part("name", "\r\nContent-Type: text/plain; charset=utf-8"), NAME.encode()),
        (part("nik"), NIK.encode()),
    )

    assert told(await post(running, body))["verification_status"]


async def test_an_image_without_a_file_name_is_an_image(running: Platform) -> None:
    fields = ((part(name), value.encode()) for name, value in (("nik", NIK), ("name", NAME), ("date_of_birth", BORN)))

    assert told(await post(running, multipart(*fields, (part("face_image"), picture("siti")))))["verification_status"]


async def test_a_form_without_an_image_lacks_it(running: Platform) -> None:
    fields = ((part(name), value.encode()) for name, value in (("nik", NIK), ("name", NAME), ("date_of_birth", BORN)))

    assert told(await post(running, multipart(*fields)), 400)["reason"] == "face_image is required"


@pytest.mark.parametrize("kind", ["application/json", "", "multipart/form-data", "multipart/mixed; boundary=x", "x" * 999])
async def test_another_kind_of_body_is_another_media_type(running: Platform, kind: str) -> None:
    assert told(await post(running, b"{}", kind), 415)["reason"] == "multipart/form-data expected"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x\r\n",
        b"nonsense",
        multipart((part("nik"), NIK.encode()))[:-8],
        b"--x\r\n" + b"a" * 5000,
        multipart(*[(part("nik"), b"1")] * 100),
    ],
)
async def test_a_broken_form_is_refused(running: Platform, body: bytes) -> None:
    assert told(await post(running, body), 400)["reason"] == "Invalid multipart/form-data"


async def test_bytes_that_are_no_text_are_no_name(running: Platform) -> None:
    body = multipart((part("nik"), NIK.encode()), (part("name"), b"\xff\xfe"), (part("date_of_birth"), BORN.encode()))

    assert told(await post(running, body), 400)["reason"] == "face_image is required"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": basic()},
        {"x-api-key": KEY},
        {"Authorization": basic(), "x-api-key": "another"},
        {"Authorization": basic(password="wrong"), "x-api-key": KEY},
        {"Authorization": basic(username="acme"), "x-api-key": KEY},
        {"Authorization": basic().replace("Basic", "Bearer"), "x-api-key": KEY},
        {"Authorization": "Basic ???", "x-api-key": KEY},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode(), "x-api-key": KEY},
        {"Authorization": "Basic", "x-api-key": KEY},
    ],
)
async def test_nobody_else_is_let_in(running: Platform, headers: dict[str, str]) -> None:
    answer = await running.http.post(PATH, headers=headers)

    assert told(answer, 401) == {"error": "Access to this API has been disallowed"}


async def test_the_key_and_the_password_are_of_one_client(running: Platform) -> None:
    await sign_up(running, "other", "key of other")

    answer = await running.http.post(PATH, headers={"Authorization": basic("other"), "x-api-key": KEY})

    assert told(answer, 401)


async def test_a_key_to_another_api_opens_nothing_here(running: Platform) -> None:
    users = ApiKey(CLIENT, Api.USERS, "users", "users", datetime.now(UTC))
    await running.store.api_keys.add(users, sha256_of("a users key"))

    answer = await running.http.post(PATH, headers={"Authorization": basic(), "x-api-key": "a users key"})

    assert told(answer, 401)


async def test_hits_are_taken_by_those_who_are_let_in_and_end(running: Platform) -> None:
    await sign_up(running, "poor", "key of poor", hits=1)
    headers = {"Authorization": basic("poor"), "x-api-key": "key of poor"}
    wrong = await running.http.post(PATH, headers=headers | {"Authorization": basic("poor", "wrong")})
    first = await running.http.post(PATH, headers=headers)

    second = await running.http.post(PATH, headers=headers)

    assert (wrong.status_code, first.status_code) == (401, 415)
    assert told(second, 429) == {"verification_status": False, "reason": "Quota used up"}


async def test_a_request_id_is_echoed(running: Platform) -> None:
    headers = {"Authorization": basic(), "x-api-key": KEY, "x-request-id": "my-request 1".replace(" ", "/")}

    answer = await running.http.post(PATH, headers=headers)

    assert answer.headers["Request-Id"] == answer.headers["x-request-id"] == "my-request/1"


@pytest.mark.parametrize("given", ["", "x" * 121, "two words", "tab\tulator"])
async def test_one_that_can_not_be_echoed_is_replaced(running: Platform, given: str) -> None:
    answer = await running.http.post(PATH, headers={"x-request-id": given})

    assert "x-request-id" not in answer.headers
    assert uuid.UUID(answer.headers["Request-Id"])


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", PATH, 405, "Method not allowed"),
        ("POST", "/identity/v1/else", 404, "Not found"),
        ("POST", "/identity", 404, "Not found"),
    ],
)
async def test_whatever_else_is_asked_has_the_same_shape(
    running: Platform, method: str, path: str, status: int, reason: str
) -> None:
    answer = await running.http.request(method, path)

    assert told(answer, status) == {"verification_status": False, "reason": reason}


async def test_a_body_that_is_too_large_has_it_too(tmp_path: Path) -> None:
    async with platform(tmp_path, dukcapil=DukcapilSettings(), max_body_bytes=2000) as running:
        await sign_up(running)

        body = told(await verify(running, b"\xff\xd8\xff" + b"x" * 5000), 413)

    assert body == {"verification_status": False, "reason": "Request body too large"}


async def test_dukcapil_is_the_truth_where_it_is_set(tmp_path: Path, there: StandIn) -> None:
    there.state.people = {NIK: ("Siti Nuraini", BORN)}
    there.state.scores = {NIK: "16.4"}

    async with platform(tmp_path, dukcapil=there.settings(ktp_registry="dukcapil")) as running:
        await sign_up(running)
        right = told(await verify(running))
        other_name = told(await verify(running, name="Agus"))
        unknown = told(await verify(running, nik="3175035708450002"))

    assert right == outcome(True, "Verification Success", face_image_percentage=82.0)
    assert other_name == outcome(False, "Name does not match", name=False, face_image_percentage=82.0)
    assert unknown["reason"] == "NIK not found on Dukcapil database"


@pytest.mark.parametrize("code", [5000, 5001, 5002, 5003, 9002])
async def test_a_dukcapil_that_refuses_is_something_wrong_there(tmp_path: Path, there: StandIn, code: int) -> None:
    there.state.script.extend([code] * 3)

    async with platform(tmp_path, dukcapil=there.settings(ktp_registry="dukcapil")) as running:
        await sign_up(running)
        body = told(await verify(running), 503)

    assert body == UNAVAILABLE


async def test_so_is_one_that_is_not_there(tmp_path: Path, there: StandIn) -> None:
    settings = there.settings(ktp_registry="dukcapil", dukcapil_url="")

    async with platform(tmp_path, dukcapil=settings) as running:
        await sign_up(running)

        assert told(await verify(running), 503) == UNAVAILABLE


async def test_and_a_connector_that_does_not_answer(tmp_path: Path) -> None:
    async with platform(tmp_path, ktp_deadline_s=0.3) as running:
        await sign_up(running)
        answer = await verify(running)

    assert told(answer, 503) == UNAVAILABLE
    assert int(answer.headers["Retry-After"]) >= 1


def test_what_is_recorded_says_how_it_ended_and_nothing_of_the_card() -> None:
    card = VerifyKtp(nik=NIK, name=NAME, birth_date=date(1945, 8, 17), image=picture("siti"))
    envelope = Envelope.of(card, client_id=CLIENT, deadline=0)
    found = KtpVerified(nik=True, name=False, birth_date=True, face_percent=82.04, verified=False)
    reply = Reply(job=envelope.job, job_id=envelope.job_id, results={found.stage: found.model_dump()})

    recorded = transaction_of(envelope.without_binaries(), reply)

    assert recorded.code is Code.NOT_VERIFIED
    assert NIK not in str(recorded)
    assert NAME not in str(recorded)

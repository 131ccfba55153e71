"""Users 1:N over HTTP: every documented answer of enrol, search and unenrol, in each of the lists."""

import base64
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from wajah.security.tokens import sha256_of

from tests.integration.ingress_server import Platform, platform, token_of
from tests.integration.stages import picture, picture_text
from tests.integration.users_caller import (
    LISTS,
    Tenant,
    add_key,
    check_done,
    check_problem,
    empty_blacklist,
    key_of,
    new_client,
)

MIB = 1024 * 1024
SIMILAR = 0.8  # 91.012 % by the calibration of the test's model


FaceApi = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("users")) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def client_id(running: Platform) -> AsyncGenerator[str]:
    yield await new_client(running.store)
    await empty_blacklist(running.store)


@pytest.fixture(params=LISTS, ids=["collection", "blacklist", "whitelist"])
def tenant(request: pytest.FixtureRequest, running: Platform, client_id: str) -> Tenant:
    """For what is the same in every list."""
    return Tenant(running, client_id, request.param)


@pytest.fixture
def collection(running: Platform, client_id: str) -> Tenant:
    return Tenant(running, client_id)


async def test_a_user_is_enrolled_found_and_removed(tenant: Tenant) -> None:
    enrolled = await tenant.enrol("siti")
    found = await tenant.search("siti")
    removed = await tenant.unenrol("siti")
    afterwards = await tenant.search("siti")

    check_done(enrolled)
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json"
    assert found.json() == {"matches": [{"userId": "siti", "similarity": 100}]}
    assert list(found.json()["matches"][0]) == ["userId", "similarity"]
    check_done(removed)
    check_problem(afterwards, 404)


async def test_an_enrolled_user_id_is_taken(tenant: Tenant) -> None:
    await tenant.enrol("siti")

    again = await tenant.enrol("siti", "budi")

    assert again.json() == {
        "status": 400,
        "title": "Bad Request",
        "detail": "Invalid request.",
        "type": "https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/400",
        "errors": ["provided userId already exists"],
    }
    check_problem(again, 400, "provided userId already exists")
    assert await tenant.found("budi") == []


async def test_nobody_is_found_in_a_list_that_nobody_has_used(tenant: Tenant) -> None:
    answer = await tenant.search("siti")

    check_problem(answer, 404)
    assert answer.json()["title"] == "Not Found"
    assert answer.json()["detail"] == "Server cannot find the requested resource."


async def test_a_user_who_is_not_enrolled_cannot_be_removed(tenant: Tenant) -> None:
    before = await tenant.unenrol("siti")
    await tenant.enrol("budi")
    after = await tenant.unenrol("siti")

    check_problem(before, 404)
    check_problem(after, 404)


REFUSED_IMAGES: list[tuple[str, str]] = [
    (picture_text(None), "no face detected in the provided image"),
    (picture_text("siti", small=True), "the face in the provided image is too small"),
    (picture_text("siti", damaged=True), "the provided image is damaged, or has too many pixels"),
    ("not base64!", "the provided face is not base64; tokenized images are not supported"),
    ("eyJhbGciOiJSUzI1NiJ9.eyJmIjoxfQ.c2ln", "the provided face is not base64; tokenized images are not supported"),
    (
        base64.b64encode(b"AQAAAP" * 50).decode(),
        "the provided face is neither a JPEG nor a PNG image; tokenized images are not supported",
    ),
    (
        base64.b64encode(b"GIF89a").decode(),
        "the provided face is neither a JPEG nor a PNG image; tokenized images are not supported",
    ),
    (base64.b64encode(picture("siti").ljust(5 * MIB + 1)).decode(), "the provided image is larger than 5MB"),
]


@pytest.mark.parametrize("segment", ["siti", "search"])
@pytest.mark.parametrize(("face", "told"), REFUSED_IMAGES, ids=lambda text: text[:20])
async def test_an_image_without_use_is_told_why(collection: Tenant, segment: str, face: str, told: str) -> None:
    answer = await collection.call("POST", segment, {"face": face})

    check_problem(answer, 400, told)
    assert face not in answer.text


async def test_an_image_of_several_faces_is_not_enrolled_but_may_be_searched_for(tenant: Tenant) -> None:
    several = await tenant.enrol("siti", faces=2)
    nobody = await tenant.found("siti")
    check_done(await tenant.enrol("siti"))
    found = await tenant.found("siti", faces=2)

    check_problem(several, 400, "more than one face detected in the provided image")
    assert nobody == []
    assert [match["userId"] for match in found] == ["siti"]


async def test_the_largest_image_is_taken(collection: Tenant) -> None:
    face = base64.b64encode(picture("siti").ljust(5 * MIB)).decode()

    check_done(await collection.call("POST", "siti", {"face": face}))


async def test_an_image_may_be_a_data_uri(collection: Tenant) -> None:
    face = f"data:image/jpeg;base64,{picture_text('siti')}"

    check_done(await collection.call("POST", "siti", {"face": face}))


@pytest.mark.parametrize(
    ("threshold", "found"), [(None, True), (80, True), (91.0, True), (91.1, False), (100, False), (0.001, True)]
)
async def test_the_threshold_decides(collection: Tenant, threshold: float | None, found: bool) -> None:
    await collection.enrol("siti", likeness=SIMILAR)

    answer = await collection.search("siti", threshold)

    assert answer.status_code == (200 if found else 404)


async def test_without_a_threshold_it_is_80_percent(collection: Tenant) -> None:
    await collection.enrol("below", "siti", likeness=0.48)
    await collection.enrol("above", "siti", likeness=0.63)

    absent = await collection.found("siti")
    null = await collection.call("POST", "search", {"face": picture_text("siti"), "threshold": None})

    assert [match["userId"] for match in absent] == ["above"]
    assert null.json()["matches"] == absent


@pytest.mark.parametrize("threshold", [0, -0.0, -1, 100.0001, 1e9, "80", "", True, [80], {"min": 80}])
async def test_any_other_threshold_is_refused(collection: Tenant, threshold: Any) -> None:
    answer = await collection.call("POST", "search", {"face": picture_text("siti"), "threshold": threshold})

    check_problem(answer, 400, "threshold must be a number above 0 and up to 100")


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"1e400"])
async def test_a_threshold_without_an_end_is_refused(collection: Tenant, literal: bytes) -> None:
    content = b'{"face": "' + picture_text("siti").encode() + b'", "threshold": ' + literal + b"}"

    check_problem(
        await collection.call("POST", "search", content=content),
        400,
        "threshold must be a number above 0 and up to 100",
    )


async def test_at_most_ten_are_told(collection: Tenant) -> None:
    for number in range(12):
        await collection.enrol(f"{number}", "siti", likeness=1 - number / 100)

    matches = await collection.found("siti")

    assert [match["userId"] for match in matches] == [f"{number}" for number in range(10)]


USER_IDS = [
    "f7eab18f-e5d3-4dac-9d4d-cfb969ef848e",
    "a/b",
    "blacklist/a",
    "search/",
    "a b+c%20&d=e?f#g",
    "...",
    "é 李 😀",
    "keluarga 👨\u200d👩\u200d👧",
    "no\u00a0break",
    "Search",
    "x" * 120,
    "界" * 120,
    "'; DROP TABLE faces; --",
    "{userId}",
]


@pytest.mark.parametrize("user_id", USER_IDS)
async def test_any_text_is_an_id(tenant: Tenant, user_id: str) -> None:
    check_done(await tenant.enrol(user_id, "siti"))
    check_problem(await tenant.enrol(user_id, "siti"), 400, "provided userId already exists")
    found = await tenant.found("siti")
    check_done(await tenant.unenrol(user_id))
    left = await tenant.found("siti")

    assert [match["userId"] for match in found] == [user_id]
    assert left == []


@pytest.mark.parametrize("segment", ["x" * 121, "a%00b", "a%0Ab", "%FF", "%C3", "%ED%A0%80"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_what_is_no_text_is_no_id(tenant: Tenant, method: str, segment: str) -> None:
    answer = await tenant.call(method, segment, {"face": picture_text("siti")})

    check_problem(answer, 400, "userId must be UTF-8 text of 1 to 120 characters without control characters")


@pytest.mark.parametrize("word", ["blacklist", "whitelist", "%62lacklist"])
async def test_a_word_of_the_path_is_no_id(tenant: Tenant, word: str) -> None:
    enrolled = await tenant.call("POST", word, {"face": picture_text("siti")})
    removed = await tenant.call("DELETE", word)

    check_problem(enrolled, 400, "provided userId is reserved")
    check_problem(removed, 404)


async def test_nobody_is_enrolled_as_search(tenant: Tenant) -> None:
    posted = await tenant.call("POST", "search", {"face": picture_text("siti")})
    removed = await tenant.call("DELETE", "search")

    check_problem(posted, 404)
    check_problem(removed, 404)
    assert await tenant.found("siti") == []


BODIES: list[tuple[Any, list[str]]] = [
    ({}, ["face is required"]),
    ({"face": None}, ["face is required"]),
    ({"face": ""}, ["face is required"]),
    ({"face": 5}, ["face must be a string"]),
    ({"face": ["a"]}, ["face must be a string"]),
    ([], ["the body must be a JSON object"]),
    ("face", ["the body must be a JSON object"]),
]


@pytest.mark.parametrize("segment", ["siti", "search"])
@pytest.mark.parametrize(("body", "told"), BODIES)
async def test_a_body_that_is_wrong_is_told_why(collection: Tenant, segment: str, body: Any, told: list[str]) -> None:
    check_problem(await collection.call("POST", segment, body), 400, *told)


async def test_all_that_is_wrong_with_a_body_is_told(collection: Tenant) -> None:
    answer = await collection.call("POST", "search", {"face": 5, "threshold": ""})

    check_problem(answer, 400, "face must be a string", "threshold must be a number above 0 and up to 100")


@pytest.mark.parametrize("content", [b"", b"{", b"face=abc", b'{"face": "\xff"}', b'{"face": "a" "b"}', b"[" * 5000])
async def test_what_is_not_json_is_told(collection: Tenant, content: bytes) -> None:
    check_problem(await collection.call("POST", "siti", content=content), 400, "the body is not JSON")


async def test_the_documents_own_example_of_a_search_works_though_it_is_no_json(collection: Tenant) -> None:
    await collection.enrol("siti")
    content = f'{{\n"face": "{picture_text("siti")}",\n"threshold": 75.5,\n}}'.encode()

    answer = await collection.call("POST", "search", content=content)

    assert answer.json()["matches"] == [{"userId": "siti", "similarity": 100}]


async def test_how_a_body_is_labelled_means_nothing(running: Platform, client_id: str) -> None:
    content = b'\xef\xbb\xbf{"face": "' + picture_text("siti").encode() + b'", "more": 1}'
    headers = {"X-API-Key": key_of(client_id), "Content-Type": "text/plain"}

    check_done(await running.http.post("/users/siti", headers=headers, content=content))


async def test_keys_of_another_collection_find_other_users(running: Platform, client_id: str, collection: Tenant) -> None:
    await add_key(running.store, client_id, "vip")
    vip = Tenant(running, client_id, collection="vip")
    await collection.enrol("siti")

    assert await vip.found("siti") == []
    check_done(await vip.enrol("siti"))


@pytest_asyncio.fixture(loop_scope="module")
async def face_api(running: Platform, client_id: str) -> FaceApi:
    """The Face API's side of the same client."""
    await running.store.tokens.add(client_id, sha256_of(token_of(client_id)), None)

    async def call(name: str, body: dict[str, Any]) -> dict[str, Any]:
        gallery = {"facegallery_id": "users"}
        answer = await running.call("POST", f"/face-api/{name}", gallery | body, client_id=client_id)
        told: dict[str, Any] = answer.json()
        return told

    return call


async def test_similarity_is_the_face_apis_in_percent_best_first(tenant: Tenant, face_api: FaceApi) -> None:
    for user_id, likeness in (("fair", 0.8), ("good", 0.9), ("same", 1.0)):
        await tenant.enrol(user_id, "siti", likeness=likeness)

    matches = await tenant.found("siti")

    assert [match["userId"] for match in matches] == ["same", "good", "fair"]
    assert matches[0]["similarity"] == 100
    for match, likeness in zip(matches[1:], (0.9, 0.8), strict=True):
        images = {"source_image": picture_text("siti"), "target_image": picture_text("siti", likeness=likeness)}
        compared = await face_api("compare-images", images)
        assert match["similarity"] == pytest.approx(compared["similarity"] * 100, abs=1e-3)


async def test_a_collection_is_a_gallery_that_the_face_api_knows_too(collection: Tenant, face_api: FaceApi) -> None:
    await collection.enrol("siti")

    identified = await face_api("facegallery/identify-face", {"image": picture_text("siti")})

    assert identified["return"][0]["user_id"] == "siti"


async def test_who_was_enrolled_by_the_face_api_is_found_by_the_id_it_has_there(
    collection: Tenant, face_api: FaceApi
) -> None:
    await collection.enrol("first")
    enrolment = {"user_id": "1234", "user_name": "Siti", "image": picture_text("siti")}
    await face_api("facegallery/enroll-face", enrolment)

    assert await collection.found("siti") == [{"userId": "1234", "similarity": 100}]
    check_done(await collection.unenrol("1234"))


@pytest.mark.parametrize("listed", ["", "whitelist/"])
async def test_faces_that_are_used_up_are_403(running: Platform, listed: str) -> None:
    tenant = Tenant(running, await new_client(running.store, faces=1), listed)

    check_done(await tenant.enrol("siti"))
    check_problem(await tenant.enrol("budi"), 403, "Requested resource denied: n_face used up")
    check_done(await tenant.unenrol("siti"))
    check_done(await tenant.enrol("budi"))


async def test_a_blacklisted_face_costs_its_tenant_nothing_but_the_call(running: Platform) -> None:
    client_id = await new_client(running.store, hits=2, faces=0, galleries=0)
    blacklist = Tenant(running, client_id, "blacklist/")

    check_done(await blacklist.enrol("siti"))
    check_done(await blacklist.unenrol("siti"))
    await empty_blacklist(running.store)


async def test_calls_that_are_used_up_are_429(running: Platform) -> None:
    tenant = Tenant(running, await new_client(running.store, hits=1))

    check_done(await tenant.enrol("siti"))
    check_problem(await tenant.enrol("budi"), 429)
    check_problem(await tenant.search("siti"), 429)
    check_problem(await tenant.unenrol("siti"), 429)


async def test_a_list_that_would_be_one_gallery_too_many_is_403(running: Platform) -> None:
    tenant = Tenant(running, await new_client(running.store, galleries=0))

    check_problem(await tenant.enrol("siti"), 403, "Requested resource denied: n_facegallery used up")


async def test_a_client_that_deregistered_is_403(running: Platform, client_id: str, tenant: Tenant) -> None:
    await running.store.registrations.deregister(client_id, datetime.now(UTC))

    check_problem(await tenant.search("siti"), 403, "Requested resource denied: client not registered")

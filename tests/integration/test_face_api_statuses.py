"""Every status code of the public table that the Face API can answer, and which is told when several apply."""

import base64
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.ingress_server import Platform, platform
from tests.integration.stages import picture, picture_text

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one platform for the table: nothing in it changes anything

MOUNTS = ("/face-api", "/risetai/face-api")
GIF = base64.b64encode(b"GIF89a and so on").decode()
SITI = picture_text("siti")
NOBODY = picture_text(None)
SMALL = picture_text("siti", small=True)
DAMAGED = picture_text("siti", damaged=True)
TRUNCATED = base64.b64encode(picture("siti")[:20]).decode()

ENROL = {"user_id": "new", "user_name": "New", "facegallery_id": "office", "image": SITI}
VERIFY = {"user_id": "siti", "facegallery_id": "office", "image": SITI}
IDENTIFY = {"facegallery_id": "office", "image": SITI}
COMPARE = {"source_image": SITI, "target_image": SITI}
FACE = {"user_id": "siti", "facegallery_id": "office"}
GALLERY = {"facegallery_id": "office"}

CREATE_GALLERY = ("POST", "facegallery/create-facegallery", GALLERY)
DELETE_GALLERY = ("DELETE", "facegallery/delete-facegallery", GALLERY)
ENROL_FACE = ("POST", "facegallery/enroll-face", ENROL)
LIST_FACES = ("GET", "facegallery/list-faces", GALLERY)
LIST_FACES_BY_POST = ("POST", "facegallery/list-faces", GALLERY)
VERIFY_FACE = ("POST", "facegallery/verify-face", VERIFY)
IDENTIFY_FACE = ("POST", "facegallery/identify-face", IDENTIFY)
RECOGNIZE_FACE = ("POST", "facegallery/recognize-face", IDENTIFY)
DELETE_FACE = ("DELETE", "facegallery/delete-face", FACE)
COMPARE_IMAGES = ("POST", "compare-images", COMPARE)

WITH_GALLERY = [
    CREATE_GALLERY, DELETE_GALLERY, ENROL_FACE, LIST_FACES, LIST_FACES_BY_POST,
    VERIFY_FACE, IDENTIFY_FACE, RECOGNIZE_FACE, DELETE_FACE,
]  # fmt: skip
ON_A_GALLERY = WITH_GALLERY[1:]
WITH_USER = [ENROL_FACE, VERIFY_FACE, DELETE_FACE]
WITH_IMAGE = [ENROL_FACE, VERIFY_FACE, IDENTIFY_FACE, RECOGNIZE_FACE]

Call = tuple[str, str, dict[str, Any]]


def each(calls: list[Call], code: str, **changes: Any) -> list[tuple[Call, dict[str, Any], str]]:
    return [(call, changes, code) for call in calls]


def null(calls: list[Call], field: str, code: str) -> list[tuple[Call, dict[str, Any], str]]:
    return [row for nothing in (None, "") for row in each(calls, code, **{field: nothing})]


TABLE = [
    # success
    *each([LIST_FACES, LIST_FACES_BY_POST, VERIFY_FACE, IDENTIFY_FACE, RECOGNIZE_FACE, COMPARE_IMAGES], "200"),
    # 400: another JSON type, too long, not printable
    *each(WITH_GALLERY, "400", facegallery_id=5),
    *each(WITH_GALLERY, "400", facegallery_id=["office"]),
    *each(WITH_GALLERY, "400", facegallery_id="x" * 121),
    *each(WITH_GALLERY, "400", facegallery_id="a\nb"),
    *each(WITH_GALLERY, "400", trx_id="x" * 121),
    *each(WITH_USER, "400", user_id=5),
    *each(WITH_USER, "400", user_id="x" * 121),
    *each(WITH_IMAGE, "400", image=5),
    *each([ENROL_FACE], "400", force_register="true"),
    *each([ENROL_FACE], "400", user_name={}),
    *each([ENROL_FACE], "400", user_id="siti"),
    *each([COMPARE_IMAGES], "400", source_image=True),
    # 411
    *each([VERIFY_FACE, IDENTIFY_FACE, RECOGNIZE_FACE], "411", image=picture_text("stranger")),
    # 412, 413: the face
    *each(WITH_IMAGE, "412", image=NOBODY),
    *each(WITH_IMAGE, "413", image=SMALL),
    *each([ENROL_FACE], "412", image=NOBODY, force_register=True),
    *each([ENROL_FACE], "412", image=NOBODY, force_register=True, user_id="siti"),
    *each([COMPARE_IMAGES], "412", source_image=NOBODY),
    *each([COMPARE_IMAGES], "412", target_image=NOBODY),
    *each([COMPARE_IMAGES], "413", target_image=SMALL),
    # 415, 416, 417: what is not there, and what is
    *each([VERIFY_FACE, DELETE_FACE], "415", user_id="nobody"),
    *each(ON_A_GALLERY, "416", facegallery_id="nowhere"),
    *each([CREATE_GALLERY], "417"),
    # 45x: null
    *null(WITH_IMAGE, "image", "451"),
    *null(WITH_USER, "user_id", "452"),
    *null([ENROL_FACE], "user_name", "453"),
    *null(WITH_GALLERY, "facegallery_id", "454"),
    *null([COMPARE_IMAGES], "target_image", "455"),
    *null([COMPARE_IMAGES], "source_image", "456"),
    # 49x: images
    *each(WITH_IMAGE, "490", image="*" * 40),
    *each(WITH_IMAGE, "491", image=GIF),
    *each(WITH_IMAGE, "493", image=DAMAGED),
    *each(WITH_IMAGE, "493", image=TRUNCATED),
    *each([COMPARE_IMAGES], "492", target_image="*" * 40),
    *each([COMPARE_IMAGES], "493", target_image=GIF),
    *each([COMPARE_IMAGES], "493", target_image=DAMAGED),
    *each([COMPARE_IMAGES], "493", source_image=DAMAGED),
    *each([COMPARE_IMAGES], "494", source_image="*" * 40),
    *each([COMPARE_IMAGES], "495", source_image=GIF),
    # several at once: fields in the document's order, image, gallery, user, face
    *each([VERIFY_FACE], "452", user_id=None, facegallery_id=5, image=None),
    *each([VERIFY_FACE], "400", user_id=5, facegallery_id=None, image=None),
    *each(WITH_IMAGE, "400", image="***", trx_id="x" * 121),
    *each(WITH_IMAGE, "490", image="***", facegallery_id="nowhere"),
    *each(WITH_IMAGE, "491", image=GIF, facegallery_id="nowhere"),
    *each(WITH_IMAGE, "493", image=DAMAGED, facegallery_id="nowhere"),
    *each(WITH_IMAGE, "416", image=NOBODY, facegallery_id="nowhere"),
    *each(WITH_IMAGE, "416", image=SMALL, facegallery_id="nowhere"),
    *each([VERIFY_FACE, DELETE_FACE], "416", user_id="nobody", facegallery_id="nowhere"),
    *each([VERIFY_FACE], "493", image=DAMAGED, user_id="nobody"),
    *each([VERIFY_FACE], "415", image=NOBODY, user_id="nobody"),
    *each([VERIFY_FACE], "415", image=SMALL, user_id="nobody"),
    *each([VERIFY_FACE], "416", image=NOBODY, user_id="nobody", facegallery_id="nowhere"),
    *each([ENROL_FACE], "400", image=NOBODY, user_id="siti"),
    *each([ENROL_FACE], "493", image=DAMAGED, user_id="siti"),
    *each([COMPARE_IMAGES], "456", source_image=None, target_image=None),
    *each([COMPARE_IMAGES], "455", source_image="***", target_image=None),
    *each([COMPARE_IMAGES], "494", source_image="***", target_image="***"),
    *each([COMPARE_IMAGES], "495", source_image=GIF, target_image="***"),
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("statuses")) as started:
        await started.call("POST", "/face-api/facegallery/create-facegallery", GALLERY)
        await started.call("POST", "/face-api/facegallery/enroll-face", ENROL | {"user_id": "siti"})
        yield started


def _named(value: object) -> str:
    if isinstance(value, tuple):
        return f"{value[0]} {value[1].rpartition('/')[2]}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {str(content)[:12]}" for name, content in value.items())
    return str(value)


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize(("call", "changes", "code"), TABLE, ids=_named)
async def test_the_documented_code_is_told(
    running: Platform, mount: str, call: Call, changes: dict[str, Any], code: str
) -> None:
    method, name, body = call

    answer = await running.call(method, f"{mount}/{name}", body | changes)

    told = answer.json()["risetai"] if mount.startswith("/risetai") else answer.json()
    assert answer.status_code == 200
    assert told["status"] == code
    assert isinstance(told["status_message"], str)
    if code not in {"200", "411"}:
        assert set(told) == {"status", "status_message"}


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("token", [None, "", "unknown", "é", "x" * 5000])
async def test_the_token_is_told_before_everything_else(running: Platform, mount: str, token: str | None) -> None:
    headers = {} if token is None else {"Accesstoken": token.encode()}
    for content in (b"", b"not JSON", b'{"user_id": 5}'):
        answer = await running.http.post(f"{mount}/facegallery/verify-face", headers=headers, content=content)

        told = answer.json()["risetai"] if mount.startswith("/risetai") else answer.json()
        assert answer.status_code == 401
        assert told == {"status": "401", "status_message": "Accesstoken not authorized"}


async def test_a_gallery_that_exists_is_told_in_the_words_that_clients_look_for(running: Platform) -> None:
    answer = await running.call("POST", "/face-api/facegallery/create-facegallery", GALLERY)

    assert "exist" in answer.json()["status_message"]

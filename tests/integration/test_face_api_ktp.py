"""enroll-face-ktp through the real embedder: people beside cards, made of photographs that installed packages bring."""

import base64
from collections.abc import AsyncGenerator
from typing import Any

import cv2
import numpy as np
import pytest
import pytest_asyncio
from embedder.pipeline import Image
from embedder.registry import open_pack
from standalone.photographs import astronaut, group
from standalone.variants import jpeg
from wajah.contracts.types import GalleryKey
from wajah.settings import Settings

from tests.identity_cards import card, holding
from tests.integration.ingress_server import CLIENT, Platform, platform

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one platform: the model is loaded once

GALLERY = "riset.ai@production"


@pytest.fixture(scope="module")
def people() -> list[Image]:
    pack = open_pack("dlib", Settings().data, lambda _what, _done: None)
    return [person.image for person in (*group(pack.detect), astronaut(pack.detect))]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["/face-api", "/risetai/face-api"])
async def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator["Api"]:
    async with platform(tmp_path_factory.mktemp("ktp"), data=Settings().data) as started:
        api = Api(started, request.param)
        await api("POST", "create-facegallery", {"facegallery_id": GALLERY})
        yield api


class Api:
    """The Face API under one of its prefixes, out of its envelope."""

    def __init__(self, platform: Platform, prefix: str) -> None:
        self.platform = platform
        self._prefix = prefix

    async def __call__(self, method: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.platform.call(method, f"{self._prefix}/facegallery/{name}", body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told["risetai"] if self._prefix.startswith("/risetai") else told

    async def enrol(self, user_id: str, picture: Image | bytes, **more: Any) -> dict[str, Any]:
        image = base64.b64encode(picture if isinstance(picture, bytes) else jpeg(picture)).decode()
        body = {"user_id": user_id, "user_name": "A Name", "facegallery_id": GALLERY, "image": image, "trx_id": user_id}
        return await self("POST", "enroll-face-ktp", body | more)

    async def enrolled(self) -> list[str]:
        faces = (await self("POST", "list-faces", {"facegallery_id": GALLERY}))["faces"]
        return [face["user_id"] for face in faces]


def again(person: Image) -> Image:
    """Another picture of the same person."""
    return np.asarray(cv2.flip(person, 1), np.uint8)


async def test_a_person_who_is_the_one_on_the_card_is_enrolled_and_found(api: Api, people: list[Image]) -> None:
    enrolled = await api.enrol("siti", holding(people[-1], card(again(people[-1]), width=520)))

    assert list(enrolled) == ["status", "status_message", "masker", "similarity"]
    assert (enrolled["status"], enrolled["status_message"], enrolled["masker"]) == ("200", "Success", False)
    assert 0.75 < enrolled["similarity"] < 1
    probe = {"facegallery_id": GALLERY, "image": base64.b64encode(jpeg(people[-1])).decode()}
    assert (await api("POST", "identify-face", probe))["return"][0]["user_id"] == "siti"


async def test_what_was_measured_stands_in_the_face_and_in_the_record(api: Api, people: list[Image]) -> None:
    await api.enrol("measured", holding(people[1], card(again(people[1]), width=520)))

    store = api.platform.store
    face = await store.faces.get(GalleryKey(CLIENT, GALLERY), "measured")
    assert face is not None
    assert face.quality is not None
    assert face.quality.face_px > 200
    assert not face.masked


async def test_faces_that_differ_enrol_nobody(api: Api, people: list[Image]) -> None:
    refused = await api.enrol("budi", holding(people[-1], card(people[0], width=520)))

    assert (refused["status"], refused["status_message"]) == ("411", "Face not verified or unregistered")
    assert refused["masker"] is False
    assert 0 <= refused["similarity"] < 0.75
    assert "budi" not in await api.enrolled()


async def test_the_caller_sets_how_similar_they_must_be(api: Api, people: list[Image]) -> None:
    alike, different = (holding(people[-1], card(face, width=520)) for face in (again(people[-1]), people[0]))

    strict = await api.enrol("strict", alike, minimum_similarity=1)
    lenient = await api.enrol("lenient", different, minimum_similarity=0.0)
    default = await api.enrol("default", alike, minimum_similarity=None)

    assert [strict["status"], lenient["status"], default["status"]] == ["411", "200", "200"]


@pytest.mark.parametrize("wrong", [1.5, -0.1, "0.8", True])
async def test_a_minimum_that_is_no_similarity_is_malformed(api: Api, wrong: object) -> None:
    refused = await api.enrol("wrong", b"\xff\xd8\xff", minimum_similarity=wrong)

    assert (refused["status"], refused["status_message"]) == ("400", "Request malformed: minimum_similarity")


async def test_without_a_card_the_missing_face_is_told(api: Api, people: list[Image]) -> None:
    alone = await api.enrol("alone", holding(people[-1]))
    nobody = await api.enrol("nobody", np.full((400, 300, 3), 127, np.uint8))

    assert (alone["status"], alone["status_message"]) == ("412", "Face not detected: one face found, the card's is missing")
    assert (nobody["status"], nobody["status_message"]) == ("412", "Face not detected")


async def test_a_portrait_that_is_too_small_is_413(api: Api, people: list[Image]) -> None:
    small = cv2.resize(holding(people[-1], card(again(people[-1]), width=640)), None, fx=0.4, fy=0.4)

    refused = await api.enrol("small", np.asarray(small, np.uint8))

    assert (refused["status"], refused["status_message"]) == ("413", "Face too small: the card's")


async def test_of_three_faces_the_two_largest_are_compared_and_a_refusal_says_so(api: Api, people: list[Image]) -> None:
    person, other = people[-1], people[0]

    right = await api.enrol("right", holding(person, card(again(person), width=520), card(other, width=440)))
    wrong = await api.enrol("wrong", holding(person, card(other, width=520), card(again(person), width=440)))

    assert right["status"] == "200"
    assert wrong["status"] == "411"
    assert wrong["status_message"].endswith("of 3 faces the two largest differ")


@pytest.mark.parametrize("differ", [False, True])
async def test_an_unknown_gallery_and_a_known_user_are_told_before_the_faces(
    api: Api, people: list[Image], differ: bool
) -> None:
    await api.enrol("there", holding(people[2], card(again(people[2]), width=520)))
    picture = holding(people[2], card(people[0], width=520)) if differ else holding(people[2])

    known = await api.enrol("there", picture)
    unknown = await api.enrol("there", picture, facegallery_id="nowhere")

    assert (known["status"], known["status_message"]) == ("400", "Database Error - UserID Already Exists")
    assert unknown["status"] == "416"

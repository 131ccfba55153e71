"""The Face API over HTTP, under both mounts, from a caller's side."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from wajah.storage.ports import Quota

from tests.integration.ingress_server import OTHER_CLIENT, Platform, add_client, platform
from tests.integration.stages import picture_text

GALLERY = "riset.ai@production"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Platform]:
    async with platform(tmp_path) as started:
        yield started


class Mount:
    """The Face API under one of its prefixes: bodies go in flat, and come out of their envelope."""

    def __init__(self, platform: Platform, prefix: str) -> None:
        self.platform = platform
        self.prefix = prefix

    async def __call__(
        self, method: str, name: str, body: Any = None, *, http_status: int = 200, **more: Any
    ) -> dict[str, Any]:
        answer = await self.platform.call(method, f"{self.prefix}/{name}", body, **more)
        assert answer.status_code == http_status, answer.text
        assert answer.headers["content-type"] == "application/json"
        told: dict[str, Any] = answer.json()
        if self.prefix.startswith("/risetai"):
            assert list(told) == ["risetai"]
            told = told["risetai"]
        assert list(told)[:2] == ["status", "status_message"]
        assert isinstance(told["status"], str)
        assert len(told["status"]) == 3
        assert told["status_message"]
        return told

    async def enrol(self, person: str, **more: Any) -> dict[str, Any]:
        body = {
            "user_id": person,
            "user_name": f"Name of {person}",
            "facegallery_id": GALLERY,
            "image": picture_text(person),
        }
        return await self("POST", "facegallery/enroll-face", body | more)


@pytest.fixture(params=["/face-api", "/risetai/face-api"])
async def api(request: pytest.FixtureRequest, running: Platform) -> Mount:
    """A mount with a gallery."""
    mount = Mount(running, request.param)
    await mount("POST", "facegallery/create-facegallery", {"facegallery_id": GALLERY})
    return mount


async def test_a_gallery_is_created_listed_and_deleted(api: Mount) -> None:
    created = await api("POST", "facegallery/create-facegallery", {"facegallery_id": "main_gallery", "trx_id": "t"})
    listed = await api("GET", "facegallery/my-facegalleries")
    deleted = await api("DELETE", "facegallery/delete-facegallery", {"facegallery_id": "main_gallery"})
    left = await api("GET", "facegallery/my-facegalleries")

    assert created == {"status": "200", "status_message": "Success", "facegallery_id": "main_gallery"}
    assert listed == {
        "status": "200",
        "status_message": "Success - FaceGalleries Listed",
        "facegallery_id": [GALLERY, "main_gallery"],
        "facegalleries": [GALLERY, "main_gallery"],
    }
    assert deleted == {"status": "200", "status_message": "Success", "facegallery_id": "main_gallery"}
    assert left["facegalleries"] == [GALLERY]


async def test_a_face_is_enrolled_verified_identified_listed_and_deleted(api: Mount) -> None:
    probe = {"facegallery_id": GALLERY, "image": picture_text("siti", likeness=0.8, masked=True)}

    enrolled = await api.enrol("siti")
    verified = await api("POST", "facegallery/verify-face", probe | {"user_id": "siti"})
    identified = await api("POST", "facegallery/identify-face", probe)
    listed = await api("GET", "facegallery/list-faces", {"facegallery_id": GALLERY})
    deleted = await api("DELETE", "facegallery/delete-face", {"facegallery_id": GALLERY, "user_id": "siti"})
    left = await api("GET", "facegallery/list-faces", {"facegallery_id": GALLERY})

    assert enrolled == {"status": "200", "status_message": "Success"}
    assert list(verified) == ["status", "status_message", "user_name", "similarity", "masker", "verified"]
    assert (verified["status"], verified["user_name"]) == ("200", "Name of siti")
    assert (verified["masker"], verified["verified"]) == (True, True)
    assert 0.75 < verified["similarity"] < 1
    assert list(identified) == ["status", "status_message", "status_description", "return"]
    assert (identified["status"], identified["status_description"]) == ("200", "Face Recognition Success")
    [found] = identified["return"]
    assert list(found) == ["confidence_level", "mask", "user_id", "user_name"]
    assert found["confidence_level"] == f"{verified['similarity']:.6f}"
    assert (found["mask"], found["user_id"], found["user_name"]) == ("true", "siti", "Name of siti")
    assert listed["faces"] == [{"user_id": "siti", "user_name": "Name of siti"}]
    assert deleted == {"status": "200", "status_message": "Success"}
    assert left == {"status": "200", "status_message": "Success", "faces": []}


async def test_the_identical_image_has_similarity_1(api: Mount) -> None:
    await api.enrol("siti")

    body = {"user_id": "siti", "facegallery_id": GALLERY, "image": picture_text("siti")}
    verified = await api("POST", "facegallery/verify-face", body)

    assert verified["similarity"] == 1


async def test_a_different_face_is_411_with_everything_that_a_match_has(api: Mount) -> None:
    await api.enrol("siti")

    body = {"user_id": "siti", "facegallery_id": GALLERY, "image": picture_text("budi")}
    refused = await api("POST", "facegallery/verify-face", body)

    assert list(refused) == ["status", "status_message", "user_name", "similarity", "masker", "verified"]
    assert (refused["status"], refused["verified"], refused["masker"]) == ("411", False, False)
    assert refused["user_name"] == "Name of siti"
    assert 0 <= refused["similarity"] < 0.75


@pytest.mark.parametrize("name", ["facegallery/identify-face", "facegallery/recognize-face"])
async def test_a_stranger_is_unregistered_with_the_best_confidence_found(api: Mount, name: str) -> None:
    await api.enrol("siti")

    told = await api("POST", name, {"facegallery_id": GALLERY, "image": picture_text("siti", likeness=0.4)})

    assert told["status"] == "411"
    [found] = told["return"]
    assert (found["user_id"], found["mask"]) == ("unregistered", "false")
    assert 0 < float(found["confidence_level"]) < 0.75


async def test_nobody_is_found_in_an_empty_gallery(api: Mount) -> None:
    told = await api("POST", "facegallery/identify-face", {"facegallery_id": GALLERY, "image": picture_text("siti")})

    assert told["status"] == "411"
    assert told["return"][0]["confidence_level"] == "0.000000"


async def test_an_enrolled_user_id_is_kept_unless_it_is_forced(api: Mount) -> None:
    await api.enrol("siti")

    again = await api.enrol("siti", image=picture_text("budi"))
    forced = await api.enrol("siti", image=picture_text("budi", small=True), force_register=True, user_name="Budi")
    found = await api("POST", "facegallery/identify-face", {"facegallery_id": GALLERY, "image": picture_text("budi")})

    assert again == {"status": "400", "status_message": "Database Error - UserID Already Exists"}
    assert forced["status"] == "200"
    assert (found["return"][0]["user_id"], found["return"][0]["user_name"]) == ("siti", "Budi")


@pytest.mark.parametrize(("target", "verified"), [("siti", True), ("budi", False)])
async def test_a_comparison_succeeds_whether_or_not_the_faces_match(api: Mount, target: str, verified: bool) -> None:
    body = {"source_image": picture_text("siti"), "target_image": picture_text(target, masked=True)}

    compared = await api("POST", "compare-images", body)

    assert list(compared) == ["status", "status_message", "similarity", "verified", "masker"]
    assert (compared["status"], compared["verified"], compared["masker"]) == ("200", verified, True)
    assert isinstance(compared["similarity"], float)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("where", ["json", "params", "both"])
async def test_list_faces_takes_its_gallery_from_wherever_it_stands(api: Mount, method: str, where: str) -> None:
    await api.enrol("siti")
    parameters = {"facegallery_id": GALLERY}
    given = (
        {"json": parameters, "params": {"facegallery_id": "other"} | parameters} if where == "both" else {where: parameters}
    )

    listed = await api(method, "facegallery/list-faces", **given)

    assert [face["user_id"] for face in listed["faces"]] == ["siti"]


async def test_parameters_of_a_delete_stand_in_the_query_string_too(api: Mount) -> None:
    await api.enrol("siti")

    face = await api("DELETE", "facegallery/delete-face", params={"facegallery_id": GALLERY, "user_id": "siti"})
    gallery = await api("DELETE", "facegallery/delete-facegallery", params={"facegallery_id": GALLERY})

    assert (face["status"], gallery["status"]) == ("200", "200")


@pytest.mark.parametrize("label", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense", ""])
async def test_a_json_body_is_taken_whatever_its_label(api: Mount, label: str) -> None:
    headers = api.platform.headers() | {"Content-Type": label}
    answer = await api.platform.http.post(
        f"{api.prefix}/facegallery/create-facegallery", content=b'{"facegallery_id": "labelled"}', headers=headers
    )

    assert answer.status_code == 200
    assert "labelled" in answer.text


async def test_another_clients_gallery_does_not_exist(api: Mount) -> None:
    await api.enrol("siti")
    gallery, probe = {"facegallery_id": GALLERY}, {"image": picture_text("siti")}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "facegallery/list-faces", gallery),
        ("DELETE", "facegallery/delete-facegallery", gallery),
        ("DELETE", "facegallery/delete-face", gallery | {"user_id": "siti"}),
        ("POST", "facegallery/enroll-face", gallery | probe | {"user_id": "x", "user_name": "x"}),
        ("POST", "facegallery/verify-face", gallery | probe | {"user_id": "siti"}),
        ("POST", "facegallery/identify-face", gallery | probe),
    ]

    foreign = [await api(*call, client_id=OTHER_CLIENT) for call in calls]
    missing = [await api(method, name, body | {"facegallery_id": "none"}) for method, name, body in calls]
    listed = await api("GET", "facegallery/my-facegalleries", client_id=OTHER_CLIENT)
    theirs = await api("POST", "facegallery/create-facegallery", gallery, client_id=OTHER_CLIENT)

    assert {answer["status"] for answer in foreign} == {"416"}
    assert foreign == missing
    assert listed["facegalleries"] == []
    assert theirs["status"] == "200"


async def test_every_authenticated_call_takes_a_hit_and_no_other(api: Mount) -> None:
    store = api.platform.store
    await add_client(store, "counted", hits=3)

    await api("GET", "facegallery/my-facegalleries", client_id="counted")
    await api("POST", "facegallery/verify-face", {}, client_id="counted")
    await api("POST", "facegallery/verify-face", http_status=400, client_id="counted", content=b"not JSON")
    await api("GET", "facegallery/verify-face", http_status=405, client_id="counted")
    used_up = await api("GET", "facegallery/my-facegalleries", client_id="counted")

    client = await store.clients.get("counted")
    assert client is not None
    assert client.remaining[Quota.HITS] == 0
    assert used_up["status"] == "403"


@pytest.mark.parametrize("limit", ["galleries", "faces"])
async def test_a_quota_that_is_used_up_is_403(api: Mount, limit: str) -> None:
    await add_client(api.platform.store, "small", **{limit: 1})
    body = {"user_name": "n", "facegallery_id": "g", "image": picture_text("siti")}

    first = await api("POST", "facegallery/create-facegallery", {"facegallery_id": "g"}, client_id="small")
    second = await api("POST", "facegallery/create-facegallery", {"facegallery_id": "h"}, client_id="small")
    face = await api("POST", "facegallery/enroll-face", body | {"user_id": "1"}, client_id="small")
    another = await api("POST", "facegallery/enroll-face", body | {"user_id": "2"}, client_id="small")

    expected = ["200", "403", "200", "200"] if limit == "galleries" else ["200", "200", "200", "403"]
    assert [answer["status"] for answer in (first, second, face, another)] == expected

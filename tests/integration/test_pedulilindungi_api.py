"""Face × PeduliLindungi over HTTP, under both mounts, from a caller's side; PeduliLindungi is the stand-in."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from wajah.storage.ports import Quota

from tests.integration.ingress_server import OTHER_CLIENT, Platform, add_client, platform
from tests.integration.stages import picture_text
from tests.integration.test_face_api import Mount
from tests.stand_ins.pedulilindungi.app import CHECKIN_PATH, REGISTER_PATH
from tests.stand_ins.pedulilindungi.serving import StandIn, stand_in
from tests.stand_ins.pedulilindungi.state import Behaviour

GALLERY = "riset.ai@production"
SITI, BUDI = "3273022807762", "3273022807763"
PLACE = "60dd9e2bac68e40011056662"


@pytest.fixture
async def pl() -> AsyncGenerator[StandIn]:
    async with stand_in() as started:
        yield started


@pytest.fixture
async def running(tmp_path: Path, pl: StandIn) -> AsyncGenerator[Platform]:
    async with platform(tmp_path, connector=pl.settings(pl_timeout_s=1.0, pl_breaker_failures=1000)) as started:
        yield started


class Pl(Mount):
    """The endpoints below /pedulilindungi, and what their bodies usually hold."""

    async def enrol(self, person: str, **more: Any) -> dict[str, Any]:
        body = {"nik": person, "user_name": f"Name of {person}", "facegallery_id": GALLERY, "image": picture_text(person)}
        return await self("POST", "pedulilindungi/enroll-face", body | more)

    async def verify(self, person: str, **more: Any) -> dict[str, Any]:
        return await self("POST", "pedulilindungi/verify-checkin-checkout", visit(person) | {"nik": person} | more)

    async def identify(self, person: str, **more: Any) -> dict[str, Any]:
        return await self("POST", "pedulilindungi/identify-checkin-checkout", visit(person) | more)

    async def enrolled(self) -> list[str]:
        listed = await self("POST", "pedulilindungi/list-faces", {"facegallery_id": GALLERY})
        return [face["nik"] for face in listed["faces"]]


def visit(person: str) -> dict[str, Any]:
    return {
        "qr_code": f"checkin:{PLACE}",
        "latitude": -8.068494,
        "longitude": 111.8992385,
        "facegallery_id": GALLERY,
        "image": picture_text(person, likeness=0.8),
    }


@pytest.fixture(params=["/face-api", "/risetai/face-api"])
async def api(request: pytest.FixtureRequest, running: Platform) -> Pl:
    """A mount with a gallery."""
    mount = Pl(running, request.param)
    await mount("POST", "facegallery/create-facegallery", {"facegallery_id": GALLERY})
    return mount


async def test_somebody_enrols_checks_in_and_checks_out(api: Pl, pl: StandIn) -> None:
    enrolled = await api.enrol(SITI)
    entered = await api.verify(SITI, trx_id="t")
    left = await api.identify(SITI, qr_code=f"checkout:{PLACE}")

    assert list(enrolled) == ["status", "status_message", "pl_data"]
    assert (enrolled["status"], enrolled["status_message"]) == ("200", "Success")
    assert enrolled["pl_data"]["success"] is True
    assert list(entered) == [
        "status",
        "status_message",
        "similarity",
        "masker",
        "verified",
        "user_status",
        "pl_data",
    ]
    assert (entered["status"], entered["masker"], entered["verified"]) == ("200", False, True)
    assert 0.75 < entered["similarity"] < 1
    assert entered["user_status"] == entered["pl_data"]["data"]["userStatus"] == "green"
    assert list(left) == ["status", "status_message", "status_description", "return", "user_status", "pl_data"]
    [found] = left["return"]
    assert found == {
        "confidence_level": f"{entered['similarity']:.6f}",
        "mask": "false",
        "user_id": SITI,
        "user_name": f"Name of {SITI}",
    }
    assert left["user_status"] == "green"
    assert left["pl_data"]["data"]["checkInTime"] == entered["pl_data"]["data"]["checkInTime"]
    assert pl.state.people == {SITI: f"Name of {SITI}"}
    assert pl.state.visits == {}


async def test_the_status_of_a_person_stands_at_the_top(api: Pl) -> None:
    colours = {"1": "green", "7": "yellow", "8": "red", "9": "black"}
    for nik in colours:
        await api.enrol(nik)

    assert {nik: (await api.verify(nik))["user_status"] for nik in colours} == colours
    assert {nik: (await api.identify(nik))["user_status"] for nik in colours} == colours


async def test_a_gallery_is_shared_with_the_face_api(api: Pl) -> None:
    await api.enrol(SITI)
    body = {"user_id": BUDI, "user_name": "Budi", "facegallery_id": GALLERY, "image": picture_text(BUDI)}
    await api("POST", "facegallery/enroll-face", body)

    identified = await api("POST", "facegallery/identify-face", {"facegallery_id": GALLERY, "image": picture_text(SITI)})
    listed = await api("POST", "pedulilindungi/list-faces", {"facegallery_id": GALLERY})
    got = await api("GET", f"pedulilindungi/list-faces?facegallery_id={GALLERY}")

    assert identified["return"][0]["user_id"] == SITI
    assert listed["faces"] == [
        {"nik": SITI, "user_name": f"Name of {SITI}"},
        {"nik": BUDI, "user_name": "Budi"},
    ]
    assert got == listed


@pytest.mark.parametrize("key", ["nik", "user_id"])
async def test_a_nik_is_deleted_once(key: str, api: Pl) -> None:
    await api.enrol(SITI)

    deleted = await api("DELETE", "pedulilindungi/delete-face", {key: SITI, "facegallery_id": GALLERY})
    again = await api("DELETE", f"pedulilindungi/delete-face?{key}={SITI}&facegallery_id={GALLERY}")

    assert deleted == {"status": "200", "status_message": "Success"}
    assert again["status"] == "415"
    assert await api.enrolled() == []


FAILURES = [
    (Behaviour.UNKNOWN, "600", True),
    (Behaviour.SERVER_ERROR, "600", True),
    (Behaviour.REJECTED, "603", True),
    (Behaviour.DRIP, "604", False),
    (Behaviour.BROKEN_OFF, "605", False),
    (Behaviour.NOT_ENROLLED, "606", True),
    (Behaviour.INCOMPLETE, "608", False),
    (Behaviour.MALFORMED, "609", False),
    (Behaviour.HUGE, "609", False),
    (Behaviour.HTML, "609", False),
    (Behaviour.REDIRECT, "609", False),
    (Behaviour.NOT_FOUND, "610", False),
    (Behaviour.EXPIRED_TOKEN, "611", True),
]


@pytest.mark.parametrize(("behaviour", "status", "answered"), FAILURES)
async def test_a_failure_there_enrols_nobody_here_unless_forced(
    behaviour: Behaviour, status: str, answered: bool, api: Pl, pl: StandIn
) -> None:
    pl.tell(SITI, behaviour)

    refused = await api.enrol(SITI)
    nobody = await api.enrolled()
    forced = await api.enrol(SITI, force_pl=True)

    assert refused["status"] == status
    assert isinstance(refused["pl_data"], dict) == answered
    assert nobody == []
    assert forced["status"] == "200"
    assert forced["pl_data"]["success"] is False
    assert forced["pl_data"]["message"]
    assert answered or forced["pl_data"]["code"] == int(status)
    assert await api.enrolled() == [SITI]


@pytest.mark.parametrize(("behaviour", "status", "answered"), FAILURES)
async def test_a_failure_there_keeps_what_was_recognised(
    behaviour: Behaviour, status: str, answered: bool, api: Pl, pl: StandIn
) -> None:
    await api.enrol(SITI)
    pl.tell(SITI, behaviour)

    verified = await api.verify(SITI)
    identified = await api.identify(SITI)

    assert (verified["status"], verified["verified"], verified["masker"]) == (status, True, False)
    assert verified["similarity"] > 0.75
    assert (identified["status"], identified["return"][0]["user_id"]) == (status, SITI)
    for told in (verified, identified):
        assert told["user_status"] is None
        assert isinstance(told["pl_data"], dict) == answered
        assert answered or told["pl_data"] is None


async def test_a_server_that_is_gone_is_607(tmp_path: Path, pl: StandIn) -> None:
    async with platform(tmp_path, connector=pl.settings(pl_url="http://127.0.0.1:1")) as running:
        api = Pl(running, "/face-api")
        await api("POST", "facegallery/create-facegallery", {"facegallery_id": GALLERY})

        refused = await api.enrol(SITI)
        forced = await api.enrol(SITI, force_pl=True)
        verified = await api.verify(SITI)
        identified = await api.identify(SITI)

    assert [told["status"] for told in (refused, forced, verified, identified)] == ["607", "200", "607", "607"]
    assert (refused["pl_data"], forced["pl_data"]["code"]) == (None, 607)
    assert (verified["verified"], identified["return"][0]["user_id"]) == (True, SITI)


async def test_a_nik_that_belongs_to_another_name_is_603(api: Pl, pl: StandIn) -> None:
    pl.state.people[SITI] = "Somebody Else"

    refused = await api.enrol(SITI)

    assert (refused["status"], refused["pl_data"]["message"]) == ("603", "NIK and name do not match")


async def test_leaving_before_entering_is_told(api: Pl) -> None:
    await api.enrol(SITI)

    refused = await api.verify(SITI, qr_code=f"checkout:{PLACE}")

    assert (refused["status"], refused["verified"]) == ("600", True)
    assert refused["pl_data"]["message"] == "Checkout before checkin"


async def test_who_is_not_recognised_is_not_asked_about(api: Pl, pl: StandIn) -> None:
    await api.enrol(SITI)

    different = await api.verify(SITI, image=picture_text(BUDI))
    unknown = await api.identify(BUDI)

    assert (different["status"], different["verified"]) == ("411", False)
    assert (unknown["status"], unknown["return"][0]["user_id"]) == ("411", "unregistered")
    assert (
        {told["pl_data"] for told in (different, unknown)}
        == {told["user_status"] for told in (different, unknown)}
        == {None}
    )
    assert pl.state.count(CHECKIN_PATH, SITI) == pl.state.count(CHECKIN_PATH, BUDI) == 0


async def test_a_recognition_below_the_asked_confidence_is_not_asked_about(api: Pl, pl: StandIn) -> None:
    await api.enrol(SITI)

    weak = [
        await api.verify(SITI, minimum_confidence_level=0.95),
        await api.identify(SITI, minimum_confidence_level=0.95),
    ]
    asked = pl.state.count(CHECKIN_PATH, SITI)
    strong = [await api.verify(SITI, minimum_confidence_level=0.8), await api.identify(SITI, minimum_confidence_level=0)]

    assert [told["status"] for told in weak] == ["411", "411"]
    assert "minimum_confidence_level" in weak[0]["status_message"]
    assert (weak[0]["verified"], weak[0]["similarity"] > 0.75, weak[0]["pl_data"]) == (False, True, None)
    assert (weak[1]["return"][0]["user_id"], weak[1]["pl_data"]) == ("unregistered", None)
    assert asked == 0
    assert [told["status"] for told in strong] == ["200", "200"]


async def test_what_can_not_be_enrolled_here_is_not_registered_there(api: Pl, pl: StandIn) -> None:
    await api.enrol(SITI)
    asked = len(pl.state.calls)

    again = await api.enrol(SITI)
    nowhere = await api.enrol(BUDI, facegallery_id="no such gallery")
    faceless = await api.enrol(BUDI, image=picture_text(None))
    small = await api.enrol(BUDI, image=picture_text(BUDI, small=True))

    assert (again["status"], again["status_message"]) == ("400", "Database Error - UserID Already Exists")
    assert [told["status"] for told in (nowhere, faceless, small)] == ["416", "412", "413"]
    assert len(pl.state.calls) == asked


async def test_who_has_no_faces_left_is_not_registered_there(running: Platform, pl: StandIn) -> None:
    await add_client(running.store, "poor", faces=1)
    api = Pl(running, "/face-api")
    await api("POST", "facegallery/create-facegallery", {"facegallery_id": GALLERY}, client_id="poor")
    body = {"facegallery_id": GALLERY, "user_name": "n"}
    first = body | {"nik": SITI, "image": picture_text(SITI)}
    second = body | {"nik": BUDI, "image": picture_text(BUDI)}

    enrolled = await api("POST", "pedulilindungi/enroll-face", first, client_id="poor")
    refused = await api("POST", "pedulilindungi/enroll-face", second, client_id="poor")
    replaced = await api("POST", "pedulilindungi/enroll-face", first | {"force_register": True}, client_id="poor")

    assert [told["status"] for told in (enrolled, refused, replaced)] == ["200", "403", "200"]
    assert Quota.FACES.value in refused["status_message"]
    assert pl.state.count(REGISTER_PATH, BUDI) == 0


async def test_a_small_face_is_enrolled_when_forced(api: Pl) -> None:
    assert (await api.enrol(SITI, image=picture_text(SITI, small=True), force_register=True))["status"] == "200"


async def test_a_gallery_of_another_client_does_not_exist(api: Pl, pl: StandIn) -> None:
    await api.enrol(SITI)
    probe = visit(SITI)
    bodies = {
        "enroll-face": {"nik": BUDI, "user_name": "n", "facegallery_id": GALLERY, "image": picture_text(BUDI)},
        "list-faces": {"facegallery_id": GALLERY},
        "verify-checkin-checkout": probe | {"nik": SITI},
        "identify-checkin-checkout": probe,
    }

    told = [
        (await api("POST", f"pedulilindungi/{name}", body, client_id=OTHER_CLIENT))["status"]
        for name, body in bodies.items()
    ]
    deletion = {"nik": SITI, "facegallery_id": GALLERY}
    told.append((await api("DELETE", "pedulilindungi/delete-face", deletion, client_id=OTHER_CLIENT))["status"])

    assert told == ["416"] * 5
    assert pl.state.count(CHECKIN_PATH, SITI) == 0


NO_SENSE: list[tuple[str, Any]] = [
    ("qr_code", None),
    ("qr_code", ""),
    ("qr_code", PLACE),
    ("qr_code", f"checkin:{PLACE}0"),
    ("qr_code", f"checkin:{PLACE[:-1]}g"),
    ("qr_code", f"enter:{PLACE}"),
    ("qr_code", f"checkin:{PLACE}\n"),
    ("latitude", None),
    ("latitude", "-8.06"),
    ("latitude", 90.5),
    ("latitude", True),
    ("longitude", None),
    ("longitude", -181),
    ("minimum_confidence_level", 1.5),
    ("minimum_confidence_level", "0.9"),
]


async def test_a_visit_that_makes_no_sense_is_malformed(api: Pl, pl: StandIn) -> None:
    told = [await ask(SITI, **{field: value}) for field, value in NO_SENSE for ask in (api.verify, api.identify)]

    assert told == [
        {"status": "400", "status_message": f"Request malformed: {field}"} for field, _ in NO_SENSE for _ in range(2)
    ]
    assert (await api.verify(SITI, nik=3273022807762))["status_message"] == "Request malformed: nik"
    assert pl.state.calls == []


async def test_what_is_null_is_told(api: Pl) -> None:
    codes = {"nik": "452", "user_name": "453", "facegallery_id": "454", "image": "451"}

    told = [await api.enrol(SITI, **{field: value}) for field in codes for value in (None, "")]

    assert told == [
        {"status": status, "status_message": f"{field} is null"} for field, status in codes.items() for _ in range(2)
    ]


async def test_force_pl_is_a_boolean_or_nothing(api: Pl) -> None:
    assert (await api.enrol(SITI, force_pl="true"))["status"] == "400"
    assert (await api.enrol(SITI, force_pl=None))["status"] == "200"


async def test_whole_degrees_and_capital_digits_are_understood(api: Pl) -> None:
    await api.enrol(SITI)

    assert (await api.verify(SITI, latitude=-8, longitude=111, qr_code=f"checkin:{PLACE.upper()}"))["status"] == "200"

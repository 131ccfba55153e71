"""Users 1:N on real faces, through the real embedder: enrolled, found in another picture, removed."""

import base64
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import insightface
import pytest
import pytest_asyncio
import skimage
from PIL import Image
from wajah.settings import Settings

from tests.faces import pictures
from tests.integration.ingress_server import CLIENT, OTHER_CLIENT, Platform, platform
from tests.integration.users_caller import Tenant, add_key, check_done, check_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

PEOPLE = 7
SKIMAGE, INSIGHTFACE = Path(skimage.__file__).parent / "data", Path(insightface.__file__).parent / "data" / "images"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("pictures"), data=Settings().data) as started:
        for client_id in (CLIENT, OTHER_CLIENT):
            await add_key(started.store, client_id)
        yield started


async def post(tenant: Tenant, segment: str, image: bytes) -> httpx.Response:
    return await tenant.call("POST", segment, {"face": base64.b64encode(image).decode()})


async def test_real_people_are_found_in_other_pictures_of_them(running: Platform) -> None:
    """Two pictures of each: the same photograph, turned and lit a little differently."""
    *first, last = pictures(2 * PEOPLE)
    enrolments, probes = first[:PEOPLE], [*first[PEOPLE:], last]
    tenant = Tenant(running, CLIENT)

    for number, image in enumerate(enrolments):
        check_done(await post(tenant, f"person%2F{number}", image))

    for number, image in enumerate(probes):
        [match] = (await post(tenant, "search", image)).json()["matches"]
        assert match["userId"] == f"person/{number}"
        assert 80 <= match["similarity"] <= 100
    check_problem(await post(Tenant(running, OTHER_CLIENT), "search", probes[0]), 404)
    check_done(await tenant.unenrol("person/0"))
    check_problem(await post(tenant, "search", probes[0]), 404)


async def test_the_identical_picture_is_similar_by_100_percent(running: Platform) -> None:
    image = (SKIMAGE / "astronaut.png").read_bytes()
    mine, others = (Tenant(running, client_id, "blacklist/") for client_id in (CLIENT, OTHER_CLIENT))
    check_done(await post(mine, "eileen", image))

    assert (await post(mine, "search", image)).json() == {"matches": [{"userId": "eileen", "similarity": 100}]}
    assert (await post(others, "search", image)).json() == {"matches": [{"similarity": 100}]}


async def test_a_group_is_not_enrolled(running: Platform) -> None:
    tenant = Tenant(running, CLIENT, "whitelist/")
    group = (INSIGHTFACE / "t1.jpg").read_bytes()

    check_problem(await post(tenant, "group", group), 400, "more than one face detected in the provided image")
    check_problem(await tenant.unenrol("group"), 404)


async def test_a_picture_of_nobody_is_told(running: Platform, tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), "white").save(tmp_path / "white.png")
    white = (tmp_path / "white.png").read_bytes()

    for segment in ("nobody", "search"):
        answer = await post(Tenant(running, CLIENT), segment, white)
        check_problem(answer, 400, "no face detected in the provided image")


async def test_a_damaged_picture_is_told(running: Platform) -> None:
    cut = (INSIGHTFACE / "t1.jpg").read_bytes()[:200]

    answer = await post(Tenant(running, CLIENT), "nobody", cut)

    check_problem(answer, 400, "the provided image is damaged, or has too many pixels")

"""The tenancy matrix: every call, by own, foreign, revoked and unknown token, on own, foreign and absent galleries.

Two worlds are asked the same. In one another client owns a gallery with faces in it; in the other that gallery exists for
nobody. Whoever is not its owner gets the same bytes in both.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from ingress.api.face.bodies import FaceBody
from wajah.contracts.types import GalleryKey
from wajah.security.tokens import sha256_of

from tests.integration.face_api_calls import CALLS, full_body
from tests.integration.ingress_server import CLIENT, OTHER_CLIENT, Platform, platform, token_of
from tests.integration.stages import picture_text

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOUNTS = ("/face-api", "/risetai/face-api")
SHARED = "a name that both use"
FOREIGN = "the other client's alone"
FOREIGN_PERSON = "3174016708450001"  # a NIK, for the calls that ask for one
SOON = {"pl_deadline_s": 0.3}  # there is no connector here: its calls end with a busy server, in both worlds
REVOKED = "a token that was revoked"

ON_A_GALLERY = [call for call in CALLS if "facegallery_id" in call[2].EXAMPLE]
NAMES = {"ids": lambda value: value[1] if isinstance(value, tuple) else str(value)}


@dataclass(frozen=True)
class Worlds:
    """`full` is where the other client has something, `empty` where it has nothing."""

    full: Platform
    empty: Platform

    async def ask(self, call: tuple[str, str, type[FaceBody]], mount: str, token: str, **changes: Any) -> list[bytes]:
        """The answers of both worlds, down to the byte; of the headers all but the clock's."""
        method, name, kind = call
        body = full_body(kind, FOREIGN_PERSON, user_id=FOREIGN_PERSON, nik=FOREIGN_PERSON, **changes)
        answers = []
        for world in (self.full, self.empty):
            await settle(world)
            answer = await world.http.request(method, f"{mount}/{name}", headers={"Accesstoken": token}, json=body)
            answers.append(whole(answer))
        return answers


def whole(answer: httpx.Response) -> bytes:
    headers = sorted((name, value) for name, value in answer.headers.items() if name != "date")
    return repr((answer.status_code, headers)).encode() + answer.content


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worlds(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Worlds]:
    folders = tmp_path_factory.mktemp
    async with platform(folders("full"), **SOON) as full, platform(folders("empty"), **SOON) as empty:
        for world in (full, empty):
            await world.store.tokens.add(CLIENT, sha256_of(REVOKED), None)
            await world.store.tokens.revoke(CLIENT, sha256_of(REVOKED))
        for gallery_id in (FOREIGN, SHARED):
            await enrol(full, OTHER_CLIENT, gallery_id, FOREIGN_PERSON)
        yield Worlds(full, empty)


async def enrol(world: Platform, client_id: str, gallery_id: str, person: str) -> None:
    body = {"user_id": person, "user_name": f"{client_id}: {person}", "facegallery_id": gallery_id}
    gallery = {"facegallery_id": gallery_id}
    await world.call("POST", "/face-api/facegallery/create-facegallery", gallery, client_id=client_id)
    image = {"image": picture_text(person)}
    await world.call("POST", "/face-api/facegallery/enroll-face", body | image, client_id=client_id)


async def settle(world: Platform) -> None:
    """Everything of the calling client as at first, whatever the last call did."""
    await world.store.registrations.register(CLIENT)
    for gallery_id in await world.store.galleries.list(CLIENT):
        await world.store.galleries.delete(GalleryKey(CLIENT, gallery_id), "settle")
    await world.store.galleries.create(GalleryKey(CLIENT, SHARED), "settle")


async def belongings(world: Platform) -> dict[str, Any]:
    """All that the other client has."""
    galleries = {each: GalleryKey(OTHER_CLIENT, each) for each in await world.store.galleries.list(OTHER_CLIENT)}
    return {
        "client": await world.store.clients.get(OTHER_CLIENT),
        "faces": {name: await world.store.faces.list(key) for name, key in galleries.items()},
        "sequences": {name: await world.store.galleries.sequence(key) for name, key in galleries.items()},
    }


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("gallery_id", [FOREIGN, SHARED])
@pytest.mark.parametrize("call", CALLS, **NAMES)
async def test_nothing_tells_whether_another_client_has_it(
    worlds: Worlds, mount: str, call: tuple[str, str, type[FaceBody]], gallery_id: str
) -> None:
    before = await belongings(worlds.full)

    with_them, without_them = await worlds.ask(call, mount, token_of(CLIENT), facegallery_id=gallery_id)

    assert with_them == without_them
    assert OTHER_CLIENT.encode() not in with_them
    assert await belongings(worlds.full) == before


@pytest.mark.parametrize("call", ON_A_GALLERY, **NAMES)
async def test_a_foreign_gallery_answers_as_an_absent_one_in_the_same_world(
    worlds: Worlds, call: tuple[str, str, type[FaceBody]]
) -> None:
    token = token_of(CLIENT)
    absent = "nobody's".ljust(len(FOREIGN))

    foreign_answers = await worlds.ask(call, "/face-api", token, facegallery_id=FOREIGN)
    absent_answers = await worlds.ask(call, "/face-api", token, facegallery_id=absent)

    assert foreign_answers[0].replace(FOREIGN.encode(), absent.encode()) == absent_answers[0]


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("gallery_id", [FOREIGN, SHARED, "nobody's"])
@pytest.mark.parametrize("call", CALLS, **NAMES)
async def test_a_revoked_token_is_an_unknown_one_whatever_is_asked(
    worlds: Worlds, mount: str, call: tuple[str, str, type[FaceBody]], gallery_id: str
) -> None:
    before = await belongings(worlds.full)

    revoked = await worlds.ask(call, mount, REVOKED, facegallery_id=gallery_id)
    unknown = await worlds.ask(call, mount, "never was one", facegallery_id=gallery_id)

    assert len({*revoked, *unknown}) == 1
    assert revoked[0].startswith(b"(401,")
    assert await belongings(worlds.full) == before


@pytest.mark.parametrize("call", CALLS, **NAMES)
async def test_the_owner_is_served(worlds: Worlds, call: tuple[str, str, type[FaceBody]]) -> None:
    """Without this the matrix would hold for a platform that refuses everything."""
    method, name, kind = call
    await enrol(worlds.full, OTHER_CLIENT, FOREIGN, FOREIGN_PERSON)
    body = full_body(kind, FOREIGN_PERSON, user_id=FOREIGN_PERSON, nik=FOREIGN_PERSON, facegallery_id=FOREIGN)

    answer = await worlds.full.call(method, f"/face-api/{name}", body, client_id=OTHER_CLIENT)
    await worlds.full.store.registrations.register(OTHER_CLIENT)
    await enrol(worlds.full, OTHER_CLIENT, FOREIGN, FOREIGN_PERSON)

    assert answer.json()["status"] not in {"401", "403", "415", "416"}

"""Enrols faces while something dies, as integrators do who repeat what was not answered, and then looks for every one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from tests.fault.platform import CLIENT_ID, PASSWORD, Platform

ENROLMENTS = 200
KILL_AFTER = 60
CALLERS = 16
GIVE_UP_S = 90.0
EXISTS = "Database Error - UserID Already Exists"


async def enrol_under_fire(
    platform: Platform,
    gallery_id: str,
    images: list[str],
    strike: Callable[[], Awaitable[None]],
    *,
    accounts_at_once: bool = True,
) -> None:
    """Given 200 enrolments under way, when `strike` happens, then each is found by its own picture, once, and has taken one
    unit of the quota; unless the store accounts later for the jobs that died."""
    async with httpx.AsyncClient(base_url=platform.base_url, timeout=15) as http:
        api = Caller(http)
        await api.sign_in()
        await api.insist("create-facegallery", {"facegallery_id": gallery_id})
        faces_left = await api.faces_left()

        turns = iter(enumerate(images))
        struck = asyncio.Event()
        acknowledged: list[str] = []

        async def enrol() -> None:
            for number, image in turns:
                body = {"facegallery_id": gallery_id, "user_id": f"user-{number}", "user_name": "x", "image": image}
                await api.insist("enroll-face", body)
                acknowledged.append(f"user-{number}")
                if len(acknowledged) >= KILL_AFTER:
                    struck.set()

        async def fire() -> None:
            await struck.wait()
            await strike()

        await asyncio.gather(fire(), *(enrol() for _ in range(CALLERS)))

        listed = [face["user_id"] for face in (await api.insist("list-faces", {"facegallery_id": gallery_id}))["faces"]]
        assert sorted(listed) == sorted(acknowledged)
        assert len(set(listed)) == ENROLMENTS
        assert await api.faces_left() == faces_left - ENROLMENTS or not accounts_at_once

        async def identify(number: int) -> str:
            found = await api.insist("identify-face", {"facegallery_id": gallery_id, "image": images[number]})
            return str(found["return"][0]["user_id"])

        found = [await asyncio.gather(*(identify(n) for n in range(i, i + 8))) for i in range(0, ENROLMENTS, 8)]
        assert [each for some in found for each in some] == [f"user-{number}" for number in range(ENROLMENTS)]


class Caller:
    """An integrator who repeats what was not answered. A user that exists already was written by an attempt whose answer
    got lost: that is success for who repeats."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def sign_in(self) -> None:
        form = {"client_id": CLIENT_ID, "password": PASSWORD}
        answer = await self._http.post("/oauth/client/token", data=form)
        answer.raise_for_status()
        self._http.headers["Accesstoken"] = answer.json()["access_token"]

    async def faces_left(self) -> int:
        """What is left of the quota."""
        answer = await self._http.get("/face-api/client/get-counters")
        return int(answer.json()["remaining_limit"]["n_face"])

    async def insist(self, endpoint: str, body: dict[str, str]) -> dict[str, Any]:
        async with asyncio.timeout(GIVE_UP_S):
            while True:
                try:
                    answer = await self._http.post(f"/face-api/facegallery/{endpoint}", json=body)
                    fields: dict[str, Any] = answer.json()
                except (httpx.HTTPError, ValueError):
                    await asyncio.sleep(0.2)
                    continue
                if fields["status"] == "200" or fields["status"] == "417" or fields["status_message"] == EXISTS:
                    return fields
                assert fields["status"] in {"500", "503"}, fields
                await asyncio.sleep(0.2)

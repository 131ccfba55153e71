"""A small HTTP client of our own Face API, as the demo and the benchmark use it: nothing but the public contract."""

import base64
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Found:
    """An answer of identify-face. `user_id` is `unregistered` when nobody reached the threshold."""

    user_id: str
    similarity: float
    status: str


class FaceApi:
    """The Face API for one client of one server."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def sign_in(self, client_id: str, password: str) -> None:
        answer = await self._http.post("/oauth/client/token", data={"client_id": client_id, "password": password})
        answer.raise_for_status()
        self._http.headers["Accesstoken"] = answer.json()["access_token"]

    async def create_gallery(self, gallery_id: str) -> str:
        """The status code; 417 when it exists."""
        return str((await self._post("create-facegallery", facegallery_id=gallery_id))["status"])

    async def enrol(self, gallery_id: str, user_id: str, user_name: str, image: bytes) -> str:
        """The status code."""
        answer = await self._post(
            "enroll-face",
            user_id=user_id,
            user_name=user_name,
            facegallery_id=gallery_id,
            image=base64.b64encode(image).decode(),
        )
        return str(answer["status"])

    async def identify(self, gallery_id: str, image: bytes) -> Found:
        answer = await self._post("identify-face", facegallery_id=gallery_id, image=base64.b64encode(image).decode())
        best = (answer.get("return") or [{}])[0]
        return Found(
            user_id=best.get("user_id", ""),
            similarity=float(best.get("confidence_level", 0.0)),
            status=answer["status"],
        )

    async def _post(self, name: str, **body: Any) -> dict[str, Any]:
        answer = await self._http.post(f"/face-api/facegallery/{name}", json=body)
        answer.raise_for_status()
        fields: dict[str, Any] = answer.json()
        return fields

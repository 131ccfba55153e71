"""Users 1:N from a caller's side: keys, calls, and the shape that every refusal must have."""

import contextlib
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from wajah.contracts.types import SHARED_BLACKLIST
from wajah.security.tokens import sha256_of
from wajah.storage.ports import Api, ApiKey, GalleryNotFound, Store

from tests.integration.ingress_server import Platform, add_client
from tests.integration.stages import picture_text

LISTS = ("", "blacklist/", "whitelist/")


def key_of(client_id: str, collection: str = "users") -> str:
    return f"key of {client_id} to {collection}"


async def add_key(store: Store, client_id: str, collection: str = "users") -> str:
    """The prefix."""
    key = ApiKey(client_id, Api.USERS, f"{client_id}-{collection}", collection, datetime.now(UTC))
    await store.api_keys.add(key, sha256_of(key_of(client_id, collection)))
    return key.prefix


async def new_client(store: Store, **limits: int) -> str:
    """A client of its own for a test, with a key: of what other tests enrolled it can only see the blacklist."""
    client_id = f"client {uuid.uuid4().hex}"
    await add_client(store, client_id, **limits)
    await add_key(store, client_id)
    return client_id


async def empty_blacklist(store: Store) -> None:
    with contextlib.suppress(GalleryNotFound):
        await store.galleries.delete(SHARED_BLACKLIST, uuid.uuid4().hex)


class Tenant:
    """The holder of a key. `listed` is where in the path the list stands: "", "blacklist/" or "whitelist/"."""

    def __init__(self, platform: Platform, client_id: str, listed: str = "", collection: str = "users") -> None:
        self._http = platform.http
        self._headers = {"x-api-key": key_of(client_id, collection)}
        self._listed = listed

    async def call(self, method: str, segment: str, body: Any = None, **more: Any) -> httpx.Response:
        """`segment` is the encoded end of the path."""
        if body is not None:
            more["json"] = body
        return await self._http.request(method, f"/users/{self._listed}{segment}", headers=self._headers, **more)

    async def enrol(self, user_id: str, person: str | None = None, **how: Any) -> httpx.Response:
        face = picture_text(user_id if person is None else person, **how)
        return await self.call("POST", quote(user_id, safe=""), {"face": face})

    async def search(self, person: str, threshold: float | None = None, **how: Any) -> httpx.Response:
        body: dict[str, Any] = {"face": picture_text(person, **how)}
        return await self.call("POST", "search", body if threshold is None else body | {"threshold": threshold})

    async def unenrol(self, user_id: str) -> httpx.Response:
        return await self.call("DELETE", quote(user_id, safe=""))

    async def found(self, person: str, **how: Any) -> list[dict[str, Any]]:
        """The matches of a search; none where it is refused as not found."""
        answer = await self.search(person, **how)
        if answer.status_code == 404:
            check_problem(answer, 404)
            return []
        assert answer.status_code == 200, answer.text
        assert list(answer.json()) == ["matches"]
        matches: list[dict[str, Any]] = answer.json()["matches"]
        return matches


def check_problem(answer: httpx.Response, status: int, *errors: str) -> None:
    """The documented object, field by field and in its order."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert list(told) == ["status", "title", "detail", "type", *(["errors"] if errors else [])]
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    assert told["type"] == f"https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/{status}"
    if errors:
        assert told["errors"] == list(errors)


def check_done(answer: httpx.Response) -> None:
    """200 with an empty body."""
    assert (answer.status_code, answer.content) == (200, b""), answer.text

"""Access tokens: a client's id and password for a token, and a token's end."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from wajah.contracts.errors import Code, WajahError
from wajah.security.passwords import Passwords
from wajah.security.tokens import new_token, sha256_of
from wajah.storage.ports import Store

from ingress.admission import Lane
from ingress.auth import HEADER
from ingress.body import read_body
from ingress.credentials import MAX_FORM_BYTES, credentials_of
from ingress.faults import JSON, error_response
from ingress.record import record_of
from ingress.settings import IngressSettings

REVOKED: Final = "Success Revoke Token"


class OAuth:
    """Refuses in one way whatever is wrong, and takes as long for an unknown client as for a wrong password."""

    def __init__(self, settings: IngressSettings, store: Store, passwords: Passwords) -> None:
        self._settings = settings
        self._store = store
        self._passwords = passwords
        self._lane = Lane(max_in_flight=settings.max_sign_ins, max_wait_s=settings.max_wait_s)

    def add_to(self, app: FastAPI) -> None:
        for path, old in (("/oauth/client/token", False), ("/oauth/client/login", True)):
            app.add_api_route(path, self.token, methods=["POST"], **_described("token", 201, _TOKEN, old=old))
        app.add_api_route("/oauth/token/revoke", self.revoke, methods=["POST"], **_described("revoke", 200, _REVOKED))

    async def token(self, request: Request) -> Response:
        """A new access token, for the form fields `client_id` and `password`."""
        try:
            client_id = await self._signed_in(request)
            token = new_token()
            days = self._settings.token_ttl_days
            expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
            await self._store.tokens.add(client_id, sha256_of(token), expires_at)
        except WajahError as error:
            return error_response(request.scope["path"], error)
        return Response(to_json({"access_token": token}), 201, {"Cache-Control": "no-store"}, JSON)

    async def revoke(self, request: Request) -> Response:
        """End the life of the token in the header `Accesstoken`; the form is that of its creation."""
        try:
            client_id = await self._signed_in(request)
            token = request.headers.get(HEADER, "").strip()
            if not await self._store.tokens.revoke(client_id, sha256_of(token)):
                raise WajahError(Code.UNAUTHORIZED)
        except WajahError as error:
            return error_response(request.scope["path"], error)
        return Response(to_json({"status_message": REVOKED}), 200, media_type=JSON)

    async def _signed_in(self, request: Request) -> str:
        """The client whose password the form holds. Raises WajahError 401 and 503, HttpFault 413 and 408."""
        self._lane.check()
        raw = await read_body(request, max_bytes=MAX_FORM_BYTES, timeout_s=self._settings.body_timeout_s)
        given = await credentials_of(raw)
        if given is None:
            raise WajahError(Code.UNAUTHORIZED)
        with self._lane.job():
            client = await self._store.clients.get(given.client_id)
            password_hash = client.password_hash if client is not None else None
            if not await self._passwords.verify(password_hash, given.password):
                raise WajahError(Code.UNAUTHORIZED)
        record_of(request).client_id = given.client_id
        return given.client_id


_TOKEN: Final[dict[str, Any]] = {"access_token": "kqWv2WmS6pPDo8mkP9n8gX0d9HnE3m9m7C1rYw0f2aU"}
_REVOKED: Final[dict[str, Any]] = {"status_message": REVOKED}
_REFUSED: Final[dict[str, Any]] = {"status_code": 401, "status_message": "Accesstoken not authorized"}
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["client_id", "password"],
    "properties": {"client_id": {"type": "string"}, "password": {"type": "string", "format": "password"}},
}


def _described(name: str, status: int, example: dict[str, Any], *, old: bool = False) -> dict[str, Any]:
    """Keyword arguments of `add_api_route`."""
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data", JSON)
    return {
        "summary": name,
        "tags": ["Access tokens"],
        "operation_id": f"post_{name}{'_login' if old else ''}",
        "deprecated": old or None,
        "status_code": status,
        "response_model": None,
        "response_class": Response,
        "responses": {
            status: {"description": "Success", "content": {JSON: {"example": example}}},
            401: {"description": "Refused", "content": {JSON: {"example": _REFUSED}}},
        },
        "openapi_extra": {
            "requestBody": {"required": True, "content": {kind: {"schema": _FORM} for kind in kinds}},
            **({"security": [{HEADER: []}]} if name == "revoke" else {}),
        },
    }

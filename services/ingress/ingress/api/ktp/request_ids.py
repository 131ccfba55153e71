"""The header `Request-Id` of every answer under `/identity`: the caller's `x-request-id`, or one of ours."""

import re
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROOT: Final = "/identity"
GIVEN: Final = "x-request-id"
ANSWERED: Final = "Request-Id"

_KEY: Final = "wajah.request_id"
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{1,120}")


class RequestIds:
    """ASGI middleware, outside of everything that answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_identity(scope["path"]):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(GIVEN, "")
        echoed = given if _PRINTABLE.fullmatch(given) else None
        request_id = scope[_KEY] = echoed or uuid.uuid4().hex

        async def label(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[ANSWERED] = request_id
                if echoed is not None:
                    headers[GIVEN] = echoed
            await send(message)

        await self._app(scope, receive, label)


def is_identity(path: str) -> bool:
    return path == ROOT or path.startswith(ROOT + "/")


def request_id_of(request: Request) -> str:
    request_id: str = request.scope[_KEY]
    return request_id

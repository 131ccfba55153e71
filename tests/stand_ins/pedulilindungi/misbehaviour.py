"""Every way in which the stand-in can be told to answer wrongly."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tests.stand_ins.pedulilindungi.contract import NOTICE, answer
from tests.stand_ins.pedulilindungi.state import Behaviour

HUGE_BYTES: Final = 2_000_000
DRIP_PAUSE_S: Final = 0.2


class BrokenOff(Response):
    """Half of what was announced; then the server closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"success": tr', "more_body": True})


async def _drip() -> AsyncIterator[bytes]:
    for _ in range(3000):
        yield b" "
        await asyncio.sleep(DRIP_PAUSE_S)


def _rejected(_normal: dict[str, Any], _elsewhere: str) -> Response:
    return JSONResponse(answer(400, "NIK and name do not match"), 400)


def _incomplete(normal: dict[str, Any], _elsewhere: str) -> Response:
    return JSONResponse({name: value for name, value in normal.items() if name not in {"code", "data"}})


def _compressed(normal: dict[str, Any], _elsewhere: str) -> Response:
    packed = gzip.compress(json.dumps(normal).encode())
    return Response(packed, headers={"Content-Encoding": "gzip"}, media_type="application/json")


_ANSWERS: Final[dict[Behaviour, Callable[[dict[str, Any], str], Response]]] = {
    Behaviour.NORMAL: lambda normal, _: JSONResponse(normal),
    Behaviour.REJECTED: _rejected,
    Behaviour.NOT_ENROLLED: lambda *_: JSONResponse(answer(404, "NIK is not enrolled")),
    Behaviour.UNKNOWN: lambda *_: JSONResponse(answer(418, "Something else")),
    Behaviour.SERVER_ERROR: lambda *_: JSONResponse(answer(500, "Internal server error"), 500),
    Behaviour.NOT_FOUND: lambda *_: JSONResponse({"message": "no Route matched with those values"}, 404),
    Behaviour.EXPIRED_TOKEN: lambda *_: JSONResponse(answer(401, "Token expired"), 401),
    Behaviour.INCOMPLETE: _incomplete,
    Behaviour.MALFORMED: lambda normal, _: JSONResponse(normal | {"success": "yes", "data": "none"}),
    Behaviour.HTML: lambda *_: HTMLResponse(f"<html><body>{NOTICE} Maintenance.</body></html>"),
    Behaviour.HUGE: lambda normal, _: JSONResponse(normal | {"padding": "x" * HUGE_BYTES}),
    Behaviour.DRIP: lambda *_: StreamingResponse(_drip(), media_type="application/json"),
    Behaviour.BROKEN_OFF: lambda *_: BrokenOff(),
    Behaviour.REDIRECT: lambda _, elsewhere: RedirectResponse(elsewhere, 307),
    Behaviour.COMPRESSED: _compressed,
}


def misbehave(behaviour: Behaviour, normal: dict[str, Any], elsewhere: str) -> Response:
    """The answer, given what it would have been. `elsewhere` is where a redirect points."""
    return _ANSWERS[behaviour](normal, elsewhere)

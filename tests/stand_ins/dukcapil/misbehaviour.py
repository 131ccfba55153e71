"""Every way in which the stand-in can be told to answer wrongly."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tests.stand_ins.dukcapil.contract import identification
from tests.stand_ins.dukcapil.state import Behaviour

HUGE_BYTES: Final = 2_000_000
DRIP_PAUSE_S: Final = 0.2


class BrokenOff(Response):
    """Half of what was announced; then the server closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"tid": "02', "more_body": True})


async def _drip() -> AsyncIterator[bytes]:
    for _ in range(3000):
        yield b" "
        await asyncio.sleep(DRIP_PAUSE_S)


def _found(people: dict[str, Any]) -> Response:
    return JSONResponse(identification(6018, people, "7.0"))


def _compressed() -> Response:
    packed = gzip.compress(json.dumps(identification(6018, {}, "7.0")).encode())
    return Response(packed, headers={"Content-Encoding": "gzip"}, media_type="application/json")


_ANSWERS: Final[dict[Behaviour, Callable[[], Response]]] = {
    Behaviour.SERVER_ERROR: lambda: HTMLResponse("<h1>HTTP Status 500</h1>", 500),
    Behaviour.NOT_FOUND: lambda: JSONResponse({"error": "Not Found"}, 404),
    Behaviour.HTML: lambda: HTMLResponse("<html>Maintenance</html>"),
    Behaviour.LIST: lambda: JSONResponse([identification(6018, {}, "7.0")]),
    Behaviour.NO_CODE: lambda: JSONResponse({"tid": None, "response": None}),
    Behaviour.NO_RESPONSE_FIELD: lambda: JSONResponse({"error": "Sukses", "errorCode": "6018"}),
    Behaviour.RESPONSE_NOT_JSON: lambda: JSONResponse({"errorCode": "6018", "response": "{'face': {}}"}),
    Behaviour.SCORE_TOO_HIGH: lambda: _found({"3175031708450001": 20.5}),
    Behaviour.SCORE_NOT_A_NUMBER: lambda: _found({"3175031708450001": True}),
    Behaviour.NIK_NOT_A_NIK: lambda: _found({"<script>": 12.0}),
    Behaviour.HUGE: lambda: JSONResponse({"errorCode": "6018", "padding": "x" * HUGE_BYTES}),
    Behaviour.DRIP: lambda: StreamingResponse(_drip(), media_type="application/json"),
    Behaviour.BROKEN_OFF: BrokenOff,
    Behaviour.REDIRECT: lambda: RedirectResponse("/elsewhere", 307),
    Behaviour.COMPRESSED: _compressed,
}


async def misbehave(behaviour: Behaviour) -> Response:
    if behaviour is Behaviour.SILENT:
        await asyncio.sleep(600)
    return _ANSWERS[behaviour]()

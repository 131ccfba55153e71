"""The stand-in over HTTP: PeduliLindungi's three paths, and those that tell it how to behave."""

import asyncio
import html
import logging
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import FastAPI, Form, Header, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.stand_ins.pedulilindungi.contract import NOTICE, answer, register, visit
from tests.stand_ins.pedulilindungi.misbehaviour import misbehave
from tests.stand_ins.pedulilindungi.state import EVERYBODY, Call, Script, State

TOKEN_PATH: Final = "/v1/oauth/token"
REGISTER_PATH: Final = "/v1/users"
CHECKIN_PATH: Final = "/v1/checkins"

_log = logging.getLogger("stand-in")


class Registration(BaseModel):
    nik: str
    name: str


class Checkin(BaseModel):
    nik: str
    name: str
    qrCode: str  # noqa: N815 - PeduliLindungi's name
    latitude: float
    longitude: float


class SaysSo:
    """In every answer's header, and in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def say_so(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stand-in", NOTICE.encode())]
                _log.info("%s %s %s", scope["method"], scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, say_so)


def build(state: State) -> FastAPI:
    """Its documentation, at /docs, says that it is a stand-in, as everything here does."""
    app = FastAPI(title="Stand-in for PeduliLindungi", description=NOTICE)

    app.add_middleware(SaysSo)

    @app.post(TOKEN_PATH)
    async def token(client_id: Annotated[str, Form()], client_secret: Annotated[str, Form()]) -> Response:
        state.calls.append(Call(TOKEN_PATH, client_id))
        if state.refuse_credentials or not client_secret:
            return JSONResponse({"error": "invalid_client", "standIn": NOTICE}, 401)
        return JSONResponse({"access_token": state.issue_token(), "token_type": "bearer", "standIn": NOTICE})

    @app.post(REGISTER_PATH)
    async def users(body: Registration, request: Request, authorization: Annotated[str, Header()] = "") -> Response:
        return await _answered(state, request, authorization, body.nik, lambda: register(state, body.nik, body.name))

    @app.post(CHECKIN_PATH)
    async def checkins(body: Checkin, request: Request, authorization: Annotated[str, Header()] = "") -> Response:
        return await _answered(state, request, authorization, body.nik, lambda: visit(state, body.nik, body.qrCode))

    @app.post("/elsewhere")
    async def elsewhere(body: dict[str, Any]) -> dict[str, str]:
        """Where a redirect points: nobody should come here."""
        state.calls.append(Call("/elsewhere", str(body.get("nik"))))
        return {"standIn": NOTICE}

    _add_controls(app, state)
    return app


async def _answered(state: State, request: Request, authorization: str, nik: str, ask: Any) -> Response:
    state.calls.append(Call(request.url.path, nik))
    if authorization.removeprefix("Bearer ") not in state.tokens:
        return JSONResponse(answer(401, "Token expired"), 401)
    script = state.script_of(nik)
    await asyncio.sleep(script.latency_s)
    return misbehave(script.behaviour, ask(), f"http://localhost:{request.url.port}/elsewhere")


def _add_controls(app: FastAPI, state: State) -> None:
    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        """What it was told and asked."""
        rows = "".join(f"<li>{html.escape(call.path)} {html.escape(call.nik)}</li>" for call in state.calls[-50:])
        scripts = html.escape(str({nik: script.model_dump(mode="json") for nik, script in state.scripts.items()}))
        return (
            f"<!doctype html><title>Stand-in for PeduliLindungi</title><h1>{NOTICE}</h1>"
            "<p>Nobody is registered or checked in anywhere. It can be told to misbehave: see <a href='/docs'>/docs</a>.</p>"
            f"<p>Scripts: {scripts}</p><ol>{rows}</ol>"
        )

    @app.put("/stand-in/scripts/{nik}")
    async def tell(nik: str, script: Script) -> dict[str, Any]:
        """How to treat a NIK from now on; `*` is everybody."""
        state.scripts[nik] = script
        return {"standIn": NOTICE, "nik": nik, "script": script.model_dump(mode="json")}

    @app.delete("/stand-in/scripts")
    async def forget() -> dict[str, str]:
        """Treat everybody normally again."""
        state.scripts.clear()
        return {"standIn": NOTICE, "everybody": EVERYBODY}

    @app.get("/stand-in/calls")
    async def calls() -> dict[str, Any]:
        """What it was asked, oldest first."""
        return {"standIn": NOTICE, "calls": [asdict(call) for call in state.calls]}

    @app.delete("/stand-in/tokens")
    async def expire() -> dict[str, str]:
        """All tokens expire."""
        state.tokens.clear()
        return {"standIn": NOTICE}

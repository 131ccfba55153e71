"""The stand-in over HTTP: face recognition 1:N and 1:1, and the biographic check."""

from typing import Any, Final

from fastapi import FastAPI
from starlette.responses import JSONResponse, Response
from wajah.security.rsa_credentials import decrypt

from tests.stand_ins.dukcapil.contract import biographic, comparison, identification
from tests.stand_ins.dukcapil.misbehaviour import misbehave
from tests.stand_ins.dukcapil.state import Behaviour, Call, State

CUSTOMER_ID: Final = "DK2026"
IDENTIFY_PATH: Final = f"/api/face-recognition/{CUSTOMER_ID}/CALL_FN"
COMPARE_PATH: Final = f"/api/face-recognition/dukcapil/{CUSTOMER_ID}/CALL_FR"
BIOGRAPHIC_PATH: Final = f"/dukcapil/get_json/{CUSTOMER_ID}/CALL_VERIFY_BY_ELEMEN"


def build(state: State) -> FastAPI:
    app = FastAPI(title="Stand-in for Dukcapil")

    @app.post(IDENTIFY_PATH)
    async def identify(body: dict[str, Any]) -> Response:
        told = await _told(state, IDENTIFY_PATH, body)
        if isinstance(told, Response):
            return told
        code = told or (6018 if state.found else 6019)
        return JSONResponse(identification(code, state.found, f"{float(body['threshold'])}"))

    @app.post(COMPARE_PATH)
    async def compare(body: dict[str, Any]) -> Response:
        told = await _told(state, COMPARE_PATH, body)
        if isinstance(told, Response):
            return told
        score = state.scores.get(decrypt(state.key, body["nik"]) or "")
        code = told or (6020 if score is None else 6018 if float(score) >= float(body["threshold"]) else 6019)
        return JSONResponse(comparison(code, score or "0"))

    @app.post(BIOGRAPHIC_PATH)
    async def check(body: dict[str, Any]) -> Response:
        told = await _told(state, BIOGRAPHIC_PATH, body)
        if isinstance(told, Response):
            return told
        if told:
            return JSONResponse(comparison(told, "0"))
        nik = body["NIK"]
        return JSONResponse(biographic(state.people.get(nik), nik, body["NAMA_LGKP"], body["TGL_LHR"]))

    @app.post("/elsewhere")
    async def elsewhere(body: dict[str, Any]) -> dict[str, str]:
        """Where a redirect points: nobody should come here."""
        state.calls.append(Call("/elsewhere", body))
        return {}

    return app


async def _told(state: State, path: str, body: dict[str, Any]) -> int | Response:
    """What the script, or wrong credentials, have as an answer; 0 is the normal one."""
    state.calls.append(Call(path, body))
    if state.script:
        told = state.script.popleft()
        return await misbehave(told) if isinstance(told, Behaviour) else told
    if (decrypt(state.key, body["user_id"]), decrypt(state.key, body["password"])) != (state.user_id, state.password):
        return 5001
    return 0

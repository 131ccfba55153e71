"""The ASGI app of the ingress: every public API on one FastAPI, errors in the shape of the path they happened under."""

from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from wajah.contracts.errors import MESSAGES, Code
from wajah.messaging.caller import Jobs
from wajah.security.passwords import Passwords
from wajah.storage.ports import Store

from ingress.access import Access
from ingress.api.dukcapil.routes import DukcapilApi
from ingress.api.face.precedence import Precedence
from ingress.api.face.routes import FaceApi
from ingress.api.ktp.description import BASIC
from ingress.api.ktp.request_ids import RequestIds
from ingress.api.ktp.routes import KtpApi
from ingress.api.oauth import OAuth
from ingress.api.pedulilindungi.endpoints import ENDPOINTS as PL_ENDPOINTS
from ingress.api.users.routes import UsersApi
from ingress.auth import HEADER, Authenticator
from ingress.docs_page import add_docs
from ingress.faults import HttpFault, fault_response
from ingress.gate import Gate
from ingress.keys import HEADER as KEY_HEADER
from ingress.operations import Operations, Ready
from ingress.settings import IngressSettings

DESCRIPTION = "\n".join(
    (
        "Face verification: enrol, verify (1:1), identify (1:N) and compare faces.",
        "",
        "| status | meaning |",
        "|---|---|",
        *(f"| {code.value} | {MESSAGES[code]} |" for code in Code),
    )
)
_REFUSALS = {404: MESSAGES[Code.NO_SUCH_PATH], 405: MESSAGES[Code.WRONG_METHOD]}


def build(settings: IngressSettings, jobs: Jobs, store: Store, passwords: Passwords, ready: Ready) -> FastAPI:
    """The app; what it uses is started and stopped by the caller."""
    app = FastAPI(title="Wajah", version="1", description=DESCRIPTION, docs_url=None, redoc_url=None, redirect_slashes=False)
    gate = Gate(settings, Authenticator(store.clients), jobs)
    OAuth(settings, store, passwords).add_to(app)
    FaceApi(gate, Precedence(store)).add_to(app)
    FaceApi(gate, Precedence(store), PL_ENDPOINTS, deadline_s=settings.pl_deadline_s).add_to(app)
    UsersApi(gate, store, settings).add_to(app)
    DukcapilApi(gate, store, passwords, settings).add_to(app)
    KtpApi(gate, store, passwords, settings).add_to(app)
    Operations(ready).add_to(app)
    add_docs(app)
    app.add_middleware(Access)
    app.add_middleware(RequestIds)
    app.add_exception_handler(HttpFault, _tell_fault)
    app.add_exception_handler(HTTPException, _tell_refusal)
    _describe_token(app)
    return app


async def _tell_fault(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HttpFault)  # registered for nothing else
    return fault_response(request.scope["path"], fault)


async def _tell_refusal(request: Request, refusal: Exception) -> Response:
    """The router's own refusals."""
    assert isinstance(refusal, HTTPException)  # registered for nothing else
    message = _REFUSALS.get(refusal.status_code, MESSAGES[Code.MALFORMED])
    headers = {"Allow": _allowed(request)} if refusal.status_code == 405 else refusal.headers
    return fault_response(request.scope["path"], HttpFault(refusal.status_code, message, headers))


def _allowed(request: Request) -> str:
    """The methods of every route with this path; the router tells the first route's only."""
    routes = (
        route for route in request.app.routes if isinstance(route, Route) and route.path_regex.match(request.scope["path"])
    )
    return ", ".join(sorted({method for route in routes for method in route.methods or ()}))


def _describe_token(app: FastAPI) -> None:
    schemes: dict[str, Any] = {name: {"type": "apiKey", "in": "header", "name": name} for name in (HEADER, KEY_HEADER)}
    schemes[BASIC] = {"type": "http", "scheme": "basic"}
    document = app.openapi()
    document.setdefault("components", {}).setdefault("securitySchemes", {}).update(schemes)

"""Users 1:N over HTTP, at the root of the server."""

from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from wajah.contracts.errors import WajahError
from wajah.contracts.stages import JobName
from wajah.storage.ports import Api, ApiKey, QuotaUsedUp, Store

from ingress.api.users.address import RESERVED, Address, ListName, address_of
from ingress.api.users.bodies import FaceBody, SearchBody, parse
from ingress.api.users.description import OPERATIONS, described
from ingress.api.users.lists import list_of
from ingress.api.users.problem import JSON, Problem, problem_response
from ingress.api.users.refusals import problem_for
from ingress.api.users.tenant import Platform, Tenant
from ingress.gate import Gate
from ingress.keys import KeyAuthenticator
from ingress.record import record_of
from ingress.settings import IngressSettings

METHODS: Final = {"Allow": "DELETE, POST"}
ID_RESERVED: Final = "provided userId is reserved"


class UsersApi:
    """Adds the endpoints to an app, and serves them: an ASGI app itself, for every path and method under `/users`."""

    def __init__(self, gate: Gate, store: Store, settings: IngressSettings) -> None:
        self._gate = gate
        self._keys = KeyAuthenticator(store.api_keys, Api.USERS)
        self._platform = Platform(gate, store.clients, settings)

    def add_to(self, app: FastAPI) -> None:
        """The documented paths, then whatever else is under `/users`: ids with an encoded slash, and what is no path."""
        for listed in ListName:
            for operation in OPERATIONS:
                app.add_api_route(operation.path(listed), self.serve, **described(operation, listed))
        app.router.routes.append(Route("/users/{rest:path}", self, include_in_schema=False))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.serve(Request(scope, receive))
        await response(scope, receive, send)

    async def serve(self, request: Request) -> Response:
        try:
            response = await self._answer(request)
        except Problem as problem:
            response = problem_response(problem)
        except WajahError as error:
            response = problem_response(problem_for(error))
        record_of(request).code = str(response.status_code)
        return response

    async def _answer(self, request: Request) -> Response:
        """Path, method, room, key, id, body; then the work. Raises Problem and WajahError, HttpFault 413 and 408."""
        address = address_of(request.scope["raw_path"])
        match request.method:
            case "POST" if address.is_search:
                return await self._search(request, address)
            case "POST":
                return await self._enrol(request, address)
            case "DELETE":
                return await self._unenrol(request, address)
        raise Problem(405, headers=METHODS)

    async def _enrol(self, request: Request, address: Address) -> Response:
        key = await self._admitted(request, JobName.ENROL)
        user_id = address.user_id()
        if user_id in RESERVED:
            raise Problem(400, ID_RESERVED)
        body = parse(FaceBody, await self._gate.body(request))
        await Tenant(key.client_id, self._platform).enrol(list_of(key, address.listed), user_id, body.image())
        return Response()

    async def _search(self, request: Request, address: Address) -> Response:
        key = await self._admitted(request, JobName.SEARCH)
        body = parse(SearchBody, await self._gate.body(request))
        tenant, listed = Tenant(key.client_id, self._platform), list_of(key, address.listed)
        answer = await tenant.search(listed, body.image(), body.similarity())
        return Response(answer.model_dump_json(by_alias=True, exclude_none=True), media_type=JSON)

    async def _unenrol(self, request: Request, address: Address) -> Response:
        key = await self._admitted(request, JobName.FACE_DELETE)
        await Tenant(key.client_id, self._platform).unenrol(list_of(key, address.listed), address.user_id())
        return Response()

    async def _admitted(self, request: Request, job: JobName) -> ApiKey:
        """The caller's key. Raises WajahError 503 before anything is spent on the request, then 401 and 403."""
        self._gate.check(job)
        try:
            return await self._keys.key_of(request)
        except QuotaUsedUp:  # of calls: no other quota is taken here
            raise Problem(429) from None

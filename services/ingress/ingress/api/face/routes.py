"""The Face API over HTTP: every endpoint under both mounts, one implementation."""

from collections.abc import Awaitable, Callable, Container, Sequence
from typing import Any, Final, TypeVar

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from wajah.contracts.envelope import Reply
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import Payload

from ingress.api.face.answers import Answer
from ingress.api.face.bodies import FaceBody
from ingress.api.face.description import described
from ingress.api.face.endpoints import ENDPOINTS, Endpoint
from ingress.api.face.handlers import Call
from ingress.api.face.parameters import parse, parse_with_query
from ingress.api.face.precedence import Precedence
from ingress.faults import error_response, is_wrapped, json_response
from ingress.gate import Gate
from ingress.record import record_of

B = TypeVar("B", bound=FaceBody)

MOUNTS: Final = ("/face-api", "/risetai/face-api")


class FaceApi:
    """Adds endpoints to an app, and serves them. Their jobs are done within `deadline_s`, or the gate's own deadline."""

    def __init__(
        self,
        gate: Gate,
        precedence: Precedence,
        endpoints: Sequence[Endpoint[Any]] = ENDPOINTS,
        *,
        deadline_s: float | None = None,
    ) -> None:
        self._gate = gate
        self._precedence = precedence
        self._endpoints = endpoints
        self._deadline_s = deadline_s

    def add_to(self, app: FastAPI) -> None:
        for mount in MOUNTS:
            for endpoint in self._endpoints:
                for path in endpoint.paths:
                    for method in endpoint.methods:
                        app.add_api_route(
                            mount + path,
                            self._serving(endpoint),
                            methods=[method],
                            response_model=None,
                            response_class=Response,
                            **described(endpoint, method, mount + path),
                        )

    def _serving(self, endpoint: Endpoint[Any]) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            path = request.scope["path"]
            try:
                answer = await self._answer(request, endpoint)
            except WajahError as error:
                record_of(request).code = error.code.value
                return error_response(path, error)
            record_of(request).code = answer.status
            return json_response(path, answer.model_dump_json(by_alias=True).encode())

        return serve

    async def _answer(self, request: Request, endpoint: Endpoint[B]) -> Answer:
        """Token, body, fields; then the handler. Raises WajahError, and HttpFault for what is no request of this API."""
        client_id = await self._gate.admit(request, endpoint.job, hits=endpoint.hits, deregistered=endpoint.deregistered)
        raw = await self._gate.body(request)
        wrapped = is_wrapped(request.scope["path"])
        if endpoint.query:
            body = parse_with_query(endpoint.body, raw, request.query_params, wrapped=wrapped)
        else:
            body = parse(endpoint.body, raw, wrapped=wrapped)
        record_of(request).trx_id = body.label

        async def run(payload: Payload, *, told: Container[Code] = ()) -> Reply:
            reply = await self._gate.run(payload, client_id=client_id, trx_id=body.label, deadline_s=self._deadline_s)
            if reply.error is not None and reply.error.code not in told:
                raise await self._precedence.told_first(WajahError.from_data(reply.error), payload, client_id)
            return reply

        return await endpoint.handle(Call(body, run))

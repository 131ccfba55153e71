"""The Dukcapil FR API over HTTP."""

from datetime import UTC, datetime
from typing import Final

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from wajah.contracts.errors import WajahError
from wajah.contracts.stages import JobName
from wajah.security.passwords import Passwords
from wajah.storage.institutions import DailyQuotaUsedUp, Institution
from wajah.storage.ports import Store

from ingress.admission import Lane
from ingress.api.dukcapil.account import Accounts
from ingress.api.dukcapil.address import PREFIX, Address, Method, address_of
from ingress.api.dukcapil.answers import Call, json_of
from ingress.api.dukcapil.bodies import SearchBody, VerifyBody, parse
from ingress.api.dukcapil.description import OPERATIONS, described
from ingress.api.dukcapil.faults import JSON, fault_answer, outcome_of
from ingress.api.dukcapil.origin import is_within, networks_of, origin_of
from ingress.api.dukcapil.outcomes import Outcome, Refusal
from ingress.api.dukcapil.quota_day import quota_day
from ingress.api.dukcapil.recognition import Recognition
from ingress.api.dukcapil.scores import threshold_of
from ingress.faults import HttpFault
from ingress.gate import Gate
from ingress.images import IMAGE, image_bytes
from ingress.record import record_of
from ingress.settings import IngressSettings

_JOBS: Final = {Method.SEARCH: JobName.SEARCH, Method.VERIFY: JobName.VERIFY}

_log = structlog.get_logger(__name__)


class DukcapilApi:
    """Adds the endpoints to an app, and serves them: an ASGI app itself, for every path and method under its prefix."""

    def __init__(self, gate: Gate, store: Store, passwords: Passwords, settings: IngressSettings) -> None:
        self._gate = gate
        self._institutions = store.institutions
        self._accounts = Accounts(store, passwords, distinct=settings.dukcapil_distinct_refusals)
        self._sign_ins = Lane(max_in_flight=settings.max_sign_ins, max_wait_s=settings.max_wait_s)
        self._recognition = Recognition(gate)
        self._proxies = settings.dukcapil_trusted_proxies
        if settings.dukcapil_distinct_refusals:
            _log.warning("dukcapil: distinct refusals are on; over plain HTTP they let recorded credentials be decrypted")

    def add_to(self, app: FastAPI) -> None:
        """The documented paths, then whatever else is under the prefix: methods in another case, and what is no path."""
        for operation in OPERATIONS:
            app.add_api_route(operation.path, self.serve, **described(operation))
        app.router.routes.append(Route(PREFIX + "/{rest:path}", self, include_in_schema=False))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.serve(Request(scope, receive))
        await response(scope, receive, send)

    async def serve(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("ascii", "replace")
        address = address_of(path)
        if address is None or request.method != "POST":
            record_of(request).code = str(outcome_of(404).value)
            return fault_answer(path, 404)
        call = Call(address.method)
        try:
            outcome = await self._answer(request, address, call)
        except Refusal as refusal:
            outcome = refusal.outcome
        except HttpFault as fault:
            outcome = outcome_of(fault.status)
        except WajahError:  # before there was a job: no room, or no store
            outcome = Outcome.GATEWAY_BUSY
        except Exception:
            record_of(request).code = str(Outcome.GATEWAY_BUSY.value)
            raise
        record_of(request).code = str(outcome.value)
        return Response(json_of(call, outcome), media_type=JSON)

    async def _answer(self, request: Request, address: Address, call: Call) -> Outcome:
        """Room, body, account, address, threshold, quota, image; then the work. Raises Refusal, WajahError and HttpFault."""
        self._gate.check(_JOBS[address.method])
        self._sign_ins.check()
        kind = VerifyBody if address.method is Method.VERIFY else SearchBody
        body = parse(kind, await self._gate.body(request))
        if isinstance(body, VerifyBody) and body.customer_id != address.customer_id:
            raise Refusal(Outcome.PARAMETERS_MISSING)
        call.transaction_id = record_of(request).trx_id = body.transaction_id
        with self._sign_ins.job():
            account = await self._accounts.check(address.customer_id, body.user_id, body.password)
        institution = account.institution
        record_of(request).client_id = institution.client_id
        self._check_origin(request, institution)
        threshold = await self._accepted(call, body, institution)
        image = _image(body)
        if not isinstance(body, VerifyBody):
            return await self._recognition.search(call, institution, image, threshold)
        nik = await self._accounts.nik(account, body.nik)
        return await self._recognition.verify(call, institution, image, threshold, nik)

    def _check_origin(self, request: Request, institution: Institution) -> None:
        origin = origin_of(request, self._proxies)
        if origin is None or not is_within(origin, networks_of(institution.networks)):
            raise Refusal(Outcome.WRONG_IP)

    async def _accepted(self, call: Call, body: SearchBody, institution: Institution) -> float:
        """The threshold, and one call less of the day's quota. Raises Refusal 5005 and 5002, and StoreUnavailable."""
        day = quota_day(datetime.now(UTC))
        threshold = threshold_of(body.threshold)
        if threshold is None:
            call.quota_left = await self._institutions.left(institution.customer_id, day)
            raise Refusal(Outcome.WRONG_THRESHOLD)
        try:
            call.quota_left = await self._institutions.take(institution.customer_id, day)
        except DailyQuotaUsedUp:
            raise Refusal(Outcome.QUOTA_USED_UP) from None
        call.threshold = threshold
        return threshold


def _image(body: SearchBody) -> bytes:
    try:
        return image_bytes(body.image, IMAGE)
    except WajahError:
        raise Refusal(Outcome.WRONG_FORMAT) from None

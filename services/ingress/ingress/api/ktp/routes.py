"""Face verification of identity cards over HTTP: a card becomes a job, what the register says its answer."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from wajah.contracts.errors import WajahError
from wajah.contracts.jobs import VerifyKtp
from wajah.contracts.results import KtpVerified
from wajah.contracts.stages import JobName
from wajah.security.passwords import Passwords
from wajah.storage.ports import Store

from ingress.api.ktp.answers import verification
from ingress.api.ktp.caller import Callers
from ingress.api.ktp.card import card_of
from ingress.api.ktp.description import DESCRIBED, PATH
from ingress.api.ktp.form import parts_of
from ingress.api.ktp.refusals import Refused, answered, failed, refused
from ingress.api.ktp.request_ids import request_id_of
from ingress.gate import Gate
from ingress.record import record_of
from ingress.settings import IngressSettings


class KtpApi:
    """`POST /identity/v1/face-verification`."""

    def __init__(self, gate: Gate, store: Store, passwords: Passwords, settings: IngressSettings) -> None:
        self._gate = gate
        self._callers = Callers(store, passwords, settings)
        self._deadline_s = settings.ktp_deadline_s
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="forms")  # 9 ms for a photograph of 8 MB

    def add_to(self, app: FastAPI) -> None:
        app.add_api_route(PATH, self.serve, methods=["POST"], **DESCRIBED)

    async def serve(self, request: Request) -> Response:
        record_of(request).trx_id = request_id_of(request)
        try:
            response = await self._verify(request)
        except Refused as fault:
            response = refused(fault)
        except WajahError as error:
            response = failed(error)
        record_of(request).code = str(response.status_code)
        return response

    async def _verify(self, request: Request) -> Response:
        """Room, caller, body; then the work. Raises Refused and WajahError, HttpFault 413 and 408."""
        self._gate.check(JobName.KTP_VERIFY)
        client_id = await self._callers.client_of(request)
        body = await self._gate.body(request)
        card = await self._card(body, request.headers.get("content-type", ""))
        reply = await self._gate.run(card, client_id=client_id, trx_id=request_id_of(request), deadline_s=self._deadline_s)
        return answered(verification(reply.result(KtpVerified)))

    async def _card(self, body: bytes, content_type: str) -> VerifyKtp:
        def read() -> VerifyKtp:
            return card_of(parts_of(body, content_type))

        return await asyncio.get_running_loop().run_in_executor(self._reader, read)

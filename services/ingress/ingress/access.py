"""The outermost layer: one log line and one measurement a request, and a crash's answer."""

import time
import traceback
from typing import Final

import structlog
from prometheus_client import Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from wajah.contracts.errors import MESSAGES, Code

from ingress.faults import HttpFault, fault_response
from ingress.record import KEY, Record

REQUEST_SECONDS: Final = Histogram(
    "wajah_http_request_seconds",
    "HTTP requests, by route (`none` for an unknown path), HTTP status and status code of the body.",
    ["method", "route", "status", "code"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
LOGGED_PATH_CHARS: Final = 200

_log = structlog.get_logger(__name__)


class Access:
    """ASGI middleware; nothing that a handler raises gets past it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = scope[KEY] = Record()
        started = time.perf_counter()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            record.code = "left"
        except Exception as error:
            # The exception's own text may quote its input: only its type and place are told.
            _log.error("crash", error=type(error).__name__, at=traceback.format_tb(error.__traceback__))
            if status == 0:
                crash = HttpFault(500, MESSAGES[Code.SERVER_ERROR])
                await fault_response(scope["path"], crash)(scope, receive, watch)
        finally:
            _tell(scope, record, status, time.perf_counter() - started)


def _tell(scope: Scope, record: Record, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "none")
    code = record.code or str(status)
    REQUEST_SECONDS.labels(scope["method"], route, str(status), code).observe(seconds)
    _log.info(
        "request",
        method=scope["method"],
        path=scope["path"][:LOGGED_PATH_CHARS],
        status=status,
        code=code,
        ms=round(seconds * 1e3, 2),
        client_id=record.client_id,
        trx_id=record.trx_id,
    )

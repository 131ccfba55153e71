"""What operators and their tools ask: is it alive, is it ready, how is it doing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from wajah.telemetry import metrics

from ingress.faults import JSON

READY_TIMEOUT_S: Final = 2.0  # what probes usually wait

Ready = Callable[[], Awaitable[bool]]


class Operations:
    """`/healthz`, `/readyz` and `/metrics`, in the shape that no API wraps."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready

    def add_to(self, app: FastAPI) -> None:
        for path, endpoint in (("/healthz", self.alive), ("/readyz", self.ready), ("/metrics", self.metrics)):
            app.add_api_route(path, endpoint, response_model=None, response_class=Response, tags=["Operations"])

    async def alive(self, _request: Request) -> Response:
        """200 while the process answers."""
        return _told(200, "alive")

    async def ready(self, _request: Request) -> Response:
        """200 while bus and store are reached; 503 before, and from the beginning of a shutdown on."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                ready = await self._ready()
        except TimeoutError:
            ready = False
        return _told(200, "ready") if ready else _told(503, "not ready")

    async def metrics(self, _request: Request) -> Response:
        """Prometheus' text format."""
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


def _told(status: int, message: str) -> Response:
    return Response(to_json({"status": str(status), "status_message": message}), status, media_type=JSON)

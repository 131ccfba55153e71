"""The record of calls: each is noted before it is made, so that a job which comes back is never asked for twice."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from wajah.contracts.errors import Code, WajahError
from wajah.storage.ports import StoreUnavailable, UpstreamCall, UpstreamCalls

from pedulilindungi.faults import NoResponse

_log = structlog.get_logger(__name__)

Ask = Callable[[], Awaitable[dict[str, Any]]]


class Ledger:
    """Calls at most once for a job and stage."""

    def __init__(self, calls: UpstreamCalls) -> None:
        self._calls = calls

    async def once(self, call: UpstreamCall, ask: Ask) -> dict[str, Any]:
        """The answer of `ask`, or its failure: of the first time, where this job was here before.

        Raises NoResponse where the connector died while it waited for that first answer: whether PeduliLindungi acted on it
        nobody knows. Raises StoreUnavailable before anything is asked.
        """
        before = await self._calls.begin(call)
        if before is not None:
            return _again(before)
        try:
            answer = await ask()
        except WajahError as error:
            await self._note(call, error.code, error.message, error.answer)
            raise
        await self._note(call, Code.SUCCESS, "", answer)
        return answer

    async def _note(self, call: UpstreamCall, code: Code, message: str, answer: dict[str, Any] | None) -> None:
        """It has happened, whether or not the store is there to be told; the outcome goes on with the job."""
        _log.info("asked", stage=call.stage.value, job_id=call.job_id, code=code.value)
        try:
            await self._calls.end(call.job_id, call.stage, code, message, answer)
        except StoreUnavailable:
            _log.error("outcome not recorded", stage=call.stage.value, job_id=call.job_id, code=code.value)


def _again(before: UpstreamCall) -> dict[str, Any]:
    if before.code is None:
        raise NoResponse
    if before.code is not Code.SUCCESS:
        raise WajahError(before.code, before.message, answer=before.answer)
    return before.answer or {}

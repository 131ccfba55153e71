"""What every API asks of the ingress: who calls, whether there is room, the body, and a job done."""

from collections.abc import Mapping

from starlette.requests import Request
from wajah.contracts.envelope import Reply
from wajah.contracts.jobs import Payload
from wajah.contracts.stages import ITINERARIES, STAGES, JobName
from wajah.messaging.caller import Jobs

from ingress.admission import Lane
from ingress.auth import Authenticator
from ingress.body import read_body
from ingress.settings import IngressSettings


class Gate:
    """Shared by the public APIs of a process."""

    def __init__(self, settings: IngressSettings, authenticator: Authenticator, jobs: Jobs) -> None:
        self._settings = settings
        self._authenticator = authenticator
        self._jobs = jobs
        self._lanes: Mapping[str, Lane] = {
            service: Lane(max_in_flight=settings.max_in_flight, max_wait_s=settings.max_wait_s)
            for service in {spec.service for spec in STAGES.values()}
        }

    async def admit(self, request: Request, job: JobName, *, hits: int = 1, deregistered: bool = False) -> str:
        """The calling client's id, for so many hits. Raises WajahError 503 before anything is spent on the request, then
        401, and 403, for a client that deregistered unless such may call."""
        self._lane(job).check()
        return await self._authenticator.client_of(request, hits=hits, deregistered=deregistered)

    def check(self, job: JobName) -> None:
        """Raises WajahError 503, with when to come back, while there is no room for the job."""
        self._lane(job).check()

    async def body(self, request: Request) -> bytes:
        """Raises HttpFault 413 or 408."""
        return await read_body(request, max_bytes=self._settings.max_body_bytes, timeout_s=self._settings.body_timeout_s)

    async def run(self, payload: Payload, *, client_id: str, trx_id: str | None, deadline_s: float | None = None) -> Reply:
        """Have a job done, within `deadline_s` or the setting's. Raises WajahError 503 where there is no room, or no answer
        in time."""
        within_s = self._settings.deadline_s if deadline_s is None else deadline_s
        with self._lane(payload.job).job():
            return await self._jobs.run(payload, client_id=client_id, trx_id=trx_id, deadline_s=within_s)

    def _lane(self, job: JobName) -> Lane:
        """Jobs that wait for the embedder don't hold up those that don't need it, and those that wait for somebody outside
        hold up no other."""
        services = [STAGES[step.stage].service for step in ITINERARIES[job]]
        return self._lanes["pedulilindungi" if "pedulilindungi" in services else services[0]]

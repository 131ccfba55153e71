"""The stages that ask a population register: who somebody is, and whether an identity card is right."""

import hashlib
import time
from typing import Any, Final

from wajah.contracts.envelope import Envelope, Job
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import IdentifyAtDukcapil, VerifyKtp
from wajah.contracts.results import IdentifiedAtDukcapil, KtpVerified
from wajah.contracts.stages import Stage
from wajah.messaging.slip import StageHandler

from dukcapil.registry import Registry
from dukcapil.settings import DukcapilSettings
from dukcapil.upstream import Dukcapil

TRANSACTION_CHARS: Final = 20


class Handlers:
    """Every call ends some time before the job's deadline."""

    def __init__(self, settings: DukcapilSettings, dukcapil: Dukcapil, registry: Registry) -> None:
        self._settings = settings
        self._dukcapil = dukcapil
        self._registry = registry

    def table(self) -> dict[Stage, StageHandler]:
        return {Stage.DUKCAPIL_IDENTIFY: self.identify, Stage.DUKCAPIL_VERIFY: self.verify}

    async def identify(self, job: Job[Any]) -> IdentifiedAtDukcapil:
        """Raises WajahError 700 to 707 or 709."""
        if not isinstance(job.payload, IdentifyAtDukcapil):
            raise WajahError(Code.MALFORMED, "Request malformed: threshold")
        threshold = job.payload.threshold or self._settings.dukcapil_threshold
        transaction = transaction_of(job.envelope)
        found = await self._dukcapil.identify(
            job.payload.image, threshold, transaction=transaction, until=self._until(job.envelope)
        )
        return IdentifiedAtDukcapil(found=found, threshold=threshold, transaction_id=transaction)

    async def verify(self, job: Job[Any]) -> KtpVerified:
        """Raises what `Registry.look_up` raises."""
        if not isinstance(job.payload, VerifyKtp):
            raise WajahError(Code.MALFORMED, "Request malformed: nik")
        findings = await self._registry.look_up(
            job.payload, transaction=transaction_of(job.envelope), until=self._until(job.envelope)
        )
        if findings is None:
            return KtpVerified(nik=False, name=None, birth_date=None, face_percent=0, verified=False)
        percent = round(findings.face_percent, 2)  # what is shown decides
        passes = percent > self._settings.ktp_threshold_percent
        return KtpVerified(
            nik=True,
            name=findings.name,
            birth_date=findings.birth_date,
            face_percent=percent,
            verified=findings.name and findings.birth_date and passes,
        )

    def _until(self, envelope: Envelope) -> float:
        """Raises WajahError 704 where no time is left."""
        now = time.time()
        until = min(now + self._settings.dukcapil_timeout_s, envelope.deadline - self._settings.dukcapil_reserve_s)
        if until <= now:
            raise WajahError(Code.DK_TIMEOUT)
        return until


def transaction_of(envelope: Envelope) -> str:
    """The same for a job that comes back: Dukcapil takes 20 characters, and a job's id has up to 120."""
    return hashlib.sha256(envelope.job_id.encode()).hexdigest()[:TRANSACTION_CHARS]

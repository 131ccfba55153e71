"""The stage before an outside service is asked to accept an enrolment, and what becomes of one that was accepted.

Between that acceptance and our own write a job can fail. The write is then done later, after its caller was told that it
failed; the caller who tries again must find neither a refusal nor a second registration.
"""

from wajah.contracts.envelope import Job
from wajah.contracts.jobs import EnrolAtPl
from wajah.contracts.results import Checked, Embedded
from wajah.contracts.stages import Stage
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import Quota, QuotaUsedUp, Settlement, Store, UserExists

from matcher.calibrated import CalibratedModels

_UNTOLD = frozenset({Settlement.OPEN, Settlement.RECONCILED})


class Checking:
    """Handler of the check; it writes nothing."""

    def __init__(self, store: Store, models: CalibratedModels) -> None:
        self._store = store
        self._models = models

    async def check(self, job: Job[EnrolAtPl]) -> Checked:
        """Raises what the enrolment itself would raise: GalleryNotFound, UserExists, QuotaUsedUp, WajahError 400."""
        await self._models.probe(job.result(Embedded))
        await self._store.galleries.sequence(job.gallery)
        exists = await self._store.faces.enrolled(job.gallery, job.payload.user_id)
        if exists and not job.payload.force and not await caller_untold(self._store, job.gallery, job.payload.user_id):
            raise UserExists
        if not exists:
            await self._room(job.envelope.client_id)
        return Checked(replaces=exists)

    async def _room(self, client_id: str) -> None:
        client = await self._store.clients.get(client_id)
        left = None if client is None else client.remaining[Quota.FACES]
        if left is not None and left < 1:
            raise QuotaUsedUp(Quota.FACES)


async def caller_untold(store: Store, gallery: GalleryKey, user_id: str) -> bool:
    """Whether the enrolled face is one whose caller was told that it failed: who tries again may replace it."""
    face = await store.faces.get(gallery, user_id)
    call = None if face is None else await store.upstream_calls.get(face.job_id, Stage.PL_REGISTER)
    return call is not None and call.settlement in _UNTOLD

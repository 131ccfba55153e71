"""Stages that compare a probe with a gallery."""

from wajah.contracts.envelope import Job
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import Identify, Search, Verify
from wajah.contracts.results import Candidate, Embedded, Identified, Searched, Verified
from wajah.storage.ports import Store, UserNotFound

from matcher.calibrated import CalibratedModels, Probe
from matcher.gallery import Gallery
from matcher.keeper import Keeper
from matcher.slots import Match


class Recognition:
    """Handlers of the read stages. All raise GalleryNotFound, and WajahError 503 where a load outlives the job."""

    def __init__(self, store: Store, keeper: Keeper, models: CalibratedModels) -> None:
        self._store = store
        self._keeper = keeper
        self._models = models

    async def verify(self, job: Job[Verify]) -> Verified:
        """Is the probe the enrolled face of `user_id`? Raises UserNotFound."""
        probe = await self._models.probe(job.result(Embedded))
        claimed = probe.candidate(await self._claimed(job, probe))
        verified = claimed.similarity >= probe.threshold(job.payload.threshold)
        return Verified(user_name=claimed.user_name, similarity=claimed.similarity, verified=verified)

    async def identify(self, job: Job[Identify]) -> Identified:
        """The nearest face; none where it is below the threshold, or the gallery empty."""
        probe = await self._models.probe(job.result(Embedded))
        found = await _nearest(self._keeper.open(job.gallery, probe.model), job, probe, k=1)
        if not found:
            return Identified(best=None, similarity=0.0)
        best = found[0]
        reached = best.similarity >= probe.threshold(job.payload.threshold)
        return Identified(best=best if reached else None, similarity=best.similarity)

    async def search(self, job: Job[Search]) -> Searched:
        """The `limit` nearest faces that reach the threshold, best first."""
        probe = await self._models.probe(job.result(Embedded))
        found = await _nearest(self._keeper.open(job.gallery, probe.model), job, probe, k=job.payload.limit)
        threshold = probe.threshold(job.payload.threshold)
        return Searched(candidates=tuple(each for each in found if each.similarity >= threshold))

    async def _claimed(self, job: Job[Verify], probe: Probe) -> Match:
        """From memory where the gallery is there; one face is no reason to load it."""
        user_id = job.payload.user_id
        view = self._keeper.loaded(job.gallery, probe.model.model_id)
        if view is not None:
            alone = job.envelope.attempts > 0
            match = await view.match(user_id, probe.template, deadline=job.envelope.deadline, alone=alone)
            if match is not None:
                return match
        face = await self._store.faces.get(job.gallery, user_id)
        if face is None:
            await self._store.galleries.sequence(job.gallery)  # an unknown gallery is told before an unknown user
            raise UserNotFound
        if face.model_id != probe.model.model_id:
            raise WajahError(Code.USER_NOT_FOUND, "user_id not found: enrolled with an earlier model, enrol the face again")
        return Match(user_id, face.user_name, float(face.template @ probe.template), face.masked)


async def _nearest(gallery: Gallery, job: Job[Identify] | Job[Search], probe: Probe, *, k: int) -> list[Candidate]:
    """The `k` most similar faces. A job that a worker died with is searched alone, lest it take its neighbours along."""
    alone = job.envelope.attempts > 0
    return probe.ranked(await gallery.nearest(probe.template, k, deadline=job.envelope.deadline, alone=alone))[:k]

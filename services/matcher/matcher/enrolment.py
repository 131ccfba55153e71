"""Stages that enrol, list and delete the faces of a gallery.

A write is durable in the store first, then taken over by the views in memory, then answered.
"""

from datetime import UTC, datetime

from wajah.contracts.envelope import Job
from wajah.contracts.jobs import DeleteFace, Enrol, EnrolAtPl, EnrolKtp, ListFaces
from wajah.contracts.results import Embedded, EmbeddedPair, Enrolled, FaceDeleted, FacesListed, ListedFace
from wajah.contracts.stages import Stage
from wajah.storage.ports import Face, Store, UserExists

from matcher.calibrated import CalibratedModels
from matcher.checking import caller_untold
from matcher.keeper import Keeper


class Enrolment:
    """Handlers of the stages on faces. All raise GalleryNotFound."""

    def __init__(self, store: Store, keeper: Keeper, models: CalibratedModels) -> None:
        self._store = store
        self._keeper = keeper
        self._models = models

    async def enrol(self, job: Job[Enrol | EnrolKtp]) -> Enrolled:
        """Raises UserExists unless forced, QuotaUsedUp where a new face is one too many."""
        embedded = job.result(Embedded, EmbeddedPair)
        if isinstance(embedded, EmbeddedPair) and not embedded.verified:
            return await self._refused(job)
        probe = await self._models.probe(embedded)
        face = Face(
            gallery=job.gallery,
            user_id=job.payload.user_id,
            user_name=job.payload.user_name,
            model_id=probe.model.model_id,
            template=probe.template,
            job_id=job.envelope.job_id,
            enrolled_at=datetime.now(UTC),
            masked=embedded.masked,
            quality=embedded.quality,
            consent_ref=job.payload.consent_ref,
            retention_until=job.payload.retention_until,
        )
        replace = isinstance(job.payload, Enrol) and job.payload.force
        if isinstance(job.payload, EnrolAtPl):
            replaced = await self._write_accepted(face, replace=replace)
        else:
            replaced = await self._store.faces.enrol(face, replace=replace)
        await self._keeper.follow(face.gallery)
        return Enrolled(user_id=face.user_id, replaced=replaced)

    async def list(self, job: Job[ListFaces]) -> FacesListed:
        """In order of enrolment."""
        faces = await self._store.faces.list(job.gallery)
        return FacesListed(faces=tuple(ListedFace(user_id=user_id, user_name=name) for user_id, name in faces))

    async def delete(self, job: Job[DeleteFace]) -> FaceDeleted:
        """Raises UserNotFound."""
        user_id = job.payload.user_id
        await self._store.faces.delete(job.gallery, user_id, job.envelope.job_id)
        await self._keeper.follow(job.gallery)
        return FaceDeleted(user_id=user_id)

    async def _write_accepted(self, face: Face, *, replace: bool) -> bool:
        """Write a face that PeduliLindungi accepted, and note that it is written."""
        try:
            replaced = await self._store.faces.enrol(face, replace=replace)
        except UserExists:
            if not await caller_untold(self._store, face.gallery, face.user_id):
                raise
            replaced = await self._store.faces.enrol(face, replace=True)
        await self._store.upstream_calls.finish(face.job_id, face.gallery, face.user_id, Stage.PL_REGISTER)
        return replaced

    async def _refused(self, job: Job[Enrol | EnrolKtp]) -> Enrolled:
        """Nobody is enrolled, but an unknown gallery, and a user who is there already, are told first."""
        await self._store.galleries.sequence(job.gallery)
        user_id = job.payload.user_id
        if await self._store.faces.enrolled(job.gallery, user_id):
            raise UserExists
        return Enrolled(user_id=user_id, replaced=False, enrolled=False)

"""Stages that enrol, list and delete the faces of a gallery.

A write is durable in the store first, then taken over by the views in memory, then answered.
"""

from datetime import UTC, datetime

from wajah.contracts.envelope import Job
from wajah.contracts.jobs import DeleteFace, Enrol, ListFaces
from wajah.contracts.results import Embedded, Enrolled, FaceDeleted, FacesListed, ListedFace
from wajah.storage.ports import Face, Store

from matcher.calibrated import CalibratedModels
from matcher.keeper import Keeper


class Enrolment:
    """Handlers of the stages on faces. All raise GalleryNotFound."""

    def __init__(self, store: Store, keeper: Keeper, models: CalibratedModels) -> None:
        self._store = store
        self._keeper = keeper
        self._models = models

    async def enrol(self, job: Job[Enrol]) -> Enrolled:
        """Raises UserExists unless forced, QuotaUsedUp where a new face is one too many."""
        probe = await self._models.probe(job.result(Embedded))
        face = Face(
            gallery=job.gallery,
            user_id=job.payload.user_id,
            user_name=job.payload.user_name,
            model_id=probe.model.model_id,
            template=probe.template,
            job_id=job.envelope.job_id,
            enrolled_at=datetime.now(UTC),
        )
        replaced = await self._store.faces.enrol(face, replace=job.payload.force)
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

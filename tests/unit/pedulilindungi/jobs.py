"""Jobs as they arrive at the connector: past the stages that need a face."""

import time
from typing import Any

from wajah.contracts.envelope import Envelope, Job
from wajah.contracts.jobs import EnrolAtPl, IdentifyAtPl, Payload, VerifyAtPl
from wajah.contracts.results import Candidate, Checked, Identified, Result, Verified
from wajah.contracts.stages import Stage

from tests.unit.matcher.asking import embedding
from tests.unit.matcher.faces import GALLERY, template

NIK, NAME = "3273022807762", "RisetAi Username1"
VISIT: dict[str, Any] = {"qr_code": "checkin:60dd9e2bac68e40011056662", "latitude": -8.07, "longitude": 111.9}


def enrolment(
    job_id: str,
    *,
    name: str = NAME,
    force: bool = False,
    force_pl: bool = False,
    checked: bool = True,
    deadline_s: float = 5.0,
) -> Envelope:
    """At `pl.register`, or at `match.check` before it, with the template that `match.enrol` needs."""
    payload = EnrolAtPl(
        gallery_id=GALLERY.gallery_id, user_id=NIK, user_name=name, image=b"", force=force, force_pl=force_pl
    )
    embedded = embedding(template(1))
    if not checked:
        return _at(payload, job_id, deadline_s, embedded)
    return _at(payload, job_id, deadline_s, embedded, Checked(replaces=False))


def verification(job_id: str, *, similarity: float = 0.9, minimum: float | None = None) -> Envelope:
    """At `pl.checkin`; recognised from 0.75 on."""
    payload = VerifyAtPl(gallery_id=GALLERY.gallery_id, user_id=NIK, image=b"", minimum_similarity=minimum, **VISIT)
    return _at(payload, job_id, 5.0, Verified(user_name=NAME, similarity=similarity, verified=similarity >= 0.75))


def identification(job_id: str, *, similarity: float = 0.9, minimum: float | None = None) -> Envelope:
    payload = IdentifyAtPl(gallery_id=GALLERY.gallery_id, image=b"", minimum_similarity=minimum, **VISIT)
    best = Candidate(user_id=NIK, user_name=NAME, similarity=similarity) if similarity >= 0.75 else None
    return _at(payload, job_id, 5.0, Identified(best=best, similarity=similarity))


def _at(payload: Payload, job_id: str, deadline_s: float, *results: Result) -> Envelope:
    """Past the stages that left `results`."""
    new = Envelope.of(payload, client_id=GALLERY.client_id, deadline=time.time() + deadline_s)
    fields = {result.stage: {name: getattr(result, name) for name in type(result).model_fields} for result in results}
    slip = tuple(step for step in new.slip if step.stage not in {Stage.EMBED, *fields})
    return new.model_copy(update={"job_id": job_id, "slip": slip, "results": fields})


def opened(envelope: Envelope) -> Job[Any]:
    return Job.open(envelope)

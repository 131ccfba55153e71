"""What the record of a job tells of the face that it was about."""

import time

import pytest
from wajah.contracts.envelope import Envelope, Reply
from wajah.contracts.errors import Code
from wajah.contracts.jobs import EnrolKtp, Identify, Payload
from wajah.contracts.quality import Quality
from wajah.contracts.results import Embedded, EmbeddedPair, Enrolled, FaceBox, Result
from wajah.storage.recorder import transaction_of

QUALITY = Quality(face_px=140, yaw_deg=-4.5, pitch_deg=3, roll_deg=0, blur=0.4, too_dark=0, too_bright=0.01)
FACE = {
    "template": b"secret template",
    "dimension": 128,
    "model_id": "m",
    "masked": False,
    "box": FaceBox(left=0, top=0, right=9, bottom=9),
    "faces": 2,
    "detection_score": 1.0,
}
KTP = EnrolKtp(gallery_id="g", user_id="u1", user_name="U", image=b"secret picture")


def ended(payload: Payload, *results: Result) -> tuple[Envelope, Reply]:
    envelope = Envelope.of(payload, client_id="c", deadline=time.time() + 10)
    for result in results:
        envelope = envelope.advanced(result=result, elapsed_ms=1.0)
    bare = envelope.without_binaries()
    return bare, Reply(job=bare.job, job_id=bare.job_id, results=bare.results, timings_ms=bare.timings_ms)


def test_the_quality_of_the_face_stands_in_the_record() -> None:
    payload = Identify(gallery_id="g", image=b"secret picture")

    record = transaction_of(*ended(payload, Embedded(**FACE, quality=QUALITY)))

    assert record.quality == QUALITY
    assert "secret" not in repr(record)


def test_an_embedder_that_measures_nothing_leaves_none() -> None:
    assert transaction_of(*ended(Identify(gallery_id="g", image=b""), Embedded(**FACE))).quality is None


@pytest.mark.parametrize(("verified", "code"), [(True, Code.SUCCESS), (False, Code.NOT_VERIFIED)])
def test_an_enrolment_with_a_card_is_recorded_with_its_similarity_and_outcome(verified: bool, code: Code) -> None:
    pair = EmbeddedPair(**FACE, quality=QUALITY, similarity=0.6, verified=verified)
    enrolled = Enrolled(user_id="u1", replaced=False, enrolled=verified)

    record = transaction_of(*ended(KTP, pair, enrolled))

    assert (record.code, record.similarity, record.user_id, record.model_id) == (code, 0.6, "u1", "m")
    assert record.quality == QUALITY
    assert "secret" not in repr(record)

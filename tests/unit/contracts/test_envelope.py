"""The routing slip: how an envelope moves from stage to stage, and what it leaves behind."""

import time

import pytest
from wajah.contracts.envelope import Envelope, Job, Reply
from wajah.contracts.errors import Code, DeadlineExceeded, JobError, WajahError
from wajah.contracts.jobs import PAYLOADS, Compare, Identify, ListGalleries
from wajah.contracts.results import RESULTS, Embedded, Enrolled, FaceBox, Identified
from wajah.contracts.stages import ITINERARIES, STAGES, JobName, Stage
from wajah.contracts.types import GalleryKey

IDENTIFY = Identify(gallery_id="g", image=b"image")
EMBEDDED = Embedded(
    template=b"template",
    dimension=2,
    model_id="m",
    masked=True,
    box=FaceBox(left=0, top=0, right=1, bottom=1),
    faces=1,
    detection_score=0.9,
)


def envelope() -> Envelope:
    return Envelope.of(IDENTIFY, client_id="c", deadline=time.time() + 10)


def test_a_new_envelope_has_its_jobs_whole_itinerary() -> None:
    new = envelope()

    assert new.slip == ITINERARIES[JobName.IDENTIFY]
    assert new.next_stage is Stage.EMBED
    assert new.gallery == GalleryKey("c", "g")
    assert new.job_id != envelope().job_id


def test_a_job_on_all_galleries_goes_by_its_client() -> None:
    assert Envelope.of(ListGalleries(), client_id="c", deadline=1).gallery == GalleryKey("c", "")


@pytest.mark.parametrize("client_id", ["", "x" * 121, "a\nb"])
def test_an_id_outside_the_contract_makes_no_envelope(client_id: str) -> None:
    with pytest.raises(ValueError, match="client_id"):
        Envelope.of(IDENTIFY, client_id=client_id, deadline=1)


def test_the_image_leaves_the_message_with_the_stage_that_needed_it() -> None:
    advanced = envelope().advanced(result=EMBEDDED, elapsed_ms=3.0)

    assert advanced.next_stage is Stage.MATCH_IDENTIFY
    assert "image" not in advanced.payload
    assert advanced.payload["gallery_id"] == "g"
    assert advanced.results[Stage.EMBED]["template"] == b"template"
    assert advanced.timings_ms == {Stage.EMBED: 3.0}


def test_the_template_leaves_the_message_after_the_last_stage() -> None:
    done = (
        envelope()
        .advanced(result=EMBEDDED, elapsed_ms=1)
        .advanced(result=Identified(best=None, similarity=0.2), elapsed_ms=1)
    )

    assert done.slip == ()
    assert "template" not in done.results[Stage.EMBED]
    assert done.results[Stage.EMBED]["model_id"] == "m"


def test_both_images_of_a_comparison_reach_its_only_stage() -> None:
    job = Job.open(Envelope.of(Compare(source_image=b"a", target_image=b"b"), client_id="c", deadline=1))

    assert job.payload == Compare(source_image=b"a", target_image=b"b")


def test_an_error_that_lets_the_job_go_on_is_kept() -> None:
    error = JobError(code=Code.FACE_NOT_DETECTED, message="Face not detected")

    advanced = envelope().advanced(error=error, elapsed_ms=1)

    assert advanced.failures == {Stage.EMBED: error}
    assert Stage.EMBED not in advanced.results


def test_a_new_stage_starts_without_the_attempts_of_the_last() -> None:
    suspect = envelope().model_copy(update={"attempts": 2})

    assert suspect.advanced(result=EMBEDDED, elapsed_ms=1).attempts == 0


def test_what_may_be_recorded_has_no_binaries() -> None:
    bare = envelope().advanced(result=EMBEDDED, elapsed_ms=1).without_binaries()

    assert "template" not in bare.results[Stage.EMBED]
    assert bare.payload == {"gallery_id": "g", "threshold": None}


def test_neither_image_nor_template_shows_in_its_repr() -> None:
    text = repr(envelope().advanced(result=EMBEDDED, elapsed_ms=1)) + repr(envelope())

    assert "image" not in text.replace("image=", "")
    assert "template" not in text


def test_a_job_opens_at_every_stage_of_its_itinerary() -> None:
    at_the_matcher = envelope().advanced(result=EMBEDDED, elapsed_ms=1)

    job = Job.open(at_the_matcher)

    assert isinstance(job.payload, Identify)
    assert job.payload.image == b""
    assert job.gallery == GalleryKey("c", "g")
    assert job.result(Embedded) == EMBEDDED


def test_a_payload_without_the_image_that_the_stage_needs_is_refused() -> None:
    with pytest.raises(WajahError, match="image") as caught:
        Job.open(Envelope(job=JobName.IDENTIFY, client_id="c", payload={"gallery_id": "g"}))

    assert caught.value.code is Code.MALFORMED


def test_a_refused_payload_is_told_by_field_and_never_shown() -> None:
    payload = {"gallery_id": "g", "image": b"secret", "threshold": "secret", "user_id": 7, "user_name": "n"}

    with pytest.raises(WajahError) as caught:
        Job.open(Envelope(job=JobName.VERIFY, client_id="c", payload=payload))

    assert caught.value.message == "Request malformed: threshold, user_id"


def test_a_job_without_a_gallery_says_so() -> None:
    job = Job.open(Envelope.of(ListGalleries(), client_id="c", deadline=1))

    with pytest.raises(WajahError, match="gallery_id"):
        _ = job.gallery


def test_a_missing_or_damaged_result_is_the_publishers_error() -> None:
    with pytest.raises(WajahError, match="no result of embed"):
        Job.open(envelope()).result(Embedded)
    damaged = envelope().model_copy(update={"results": {Stage.EMBED: {"template": 7}}})
    with pytest.raises(WajahError, match="no result of embed"):
        Job(damaged, IDENTIFY).result(Embedded)


def test_a_reply_gives_its_results_or_raises_its_error() -> None:
    good = Reply(job=JobName.ENROL, job_id="1", results={Stage.MATCH_ENROL: {"user_id": "u", "replaced": True}})
    bad = Reply(job=JobName.ENROL, job_id="1", error=DeadlineExceeded().as_data())

    assert good.result(Enrolled) == Enrolled(user_id="u", replaced=True)
    assert good.find(Identified) is None
    with pytest.raises(WajahError, match="Deadline") as caught:
        bad.result(Enrolled)
    assert caught.value.retry_after_s == 1.0


def test_every_job_has_a_payload_and_an_itinerary_of_known_stages() -> None:
    assert set(PAYLOADS) == set(ITINERARIES) == set(JobName)
    assert set(STAGES) == set(RESULTS) == set(Stage)


@pytest.mark.parametrize("job", JobName)
def test_what_a_stage_needs_is_there_when_the_job_arrives(job: JobName) -> None:
    """A binary field of the payload, or one that an earlier stage of the same itinerary leaves.

    A stage that several itineraries lead to reads what the one at hand has left.
    """
    on_the_way = {"payload", *(step.stage.value for step in ITINERARIES[job])}
    available = {f"payload.{name}" for name, field in PAYLOADS[job].model_fields.items() if field.annotation is bytes}
    for step in ITINERARIES[job]:
        needs = STAGES[step.stage].needs
        here = {need for need in needs if need.rpartition(".")[0] in on_the_way}
        assert here <= available
        assert bool(here) == bool(needs)
        fields = RESULTS[step.stage].model_fields
        available |= {f"{step.stage.value}.{name}" for name, field in fields.items() if field.annotation is bytes}

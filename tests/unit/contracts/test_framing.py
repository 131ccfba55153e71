"""Envelopes as bytes: what goes in comes out, and what is damaged is refused."""

import base64
import json
import random
import struct
import time

import pytest
from wajah.contracts.envelope import Envelope, Job, Reply
from wajah.contracts.errors import Code, JobError, WajahError
from wajah.contracts.framing import FRAME_TYPE, JSON_TYPE, decode, decode_reply, encode, encode_reply
from wajah.contracts.jobs import Compare, Enrol, ListGalleries
from wajah.contracts.results import Embedded, FaceBox
from wajah.contracts.stages import ITINERARIES, JobName, Stage

IMAGE = bytes(range(256)) * 300
ENROL = Enrol(gallery_id="g", user_id="u", user_name="Siti Rahayu é 🙂", image=IMAGE, force=True)
EMBEDDED = Embedded(
    template=bytes(2048),
    dimension=512,
    model_id="m",
    masked=False,
    box=FaceBox(left=-1, top=0.5, right=2, bottom=3),
    faces=1,
    detection_score=0.9,
)


def envelope() -> Envelope:
    return Envelope.of(ENROL, client_id="c@trial", trx_id="t", deadline=time.time() + 10)


def framed(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<4sI", b"WJ1\n", len(text)) + text + body


def assert_refused(body: bytes, content_type: str | None = FRAME_TYPE) -> None:
    with pytest.raises(WajahError) as caught:
        decode(body, content_type)
    assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize(
    "payload", [ENROL, Compare(source_image=IMAGE, target_image=b"\x00" * 7), ListGalleries()], ids=lambda p: p.job
)
def test_an_envelope_survives_its_frame(payload: Enrol | Compare | ListGalleries) -> None:
    sent = Envelope.of(payload, client_id="c", deadline=1.7e9 + 0.123456)

    received = decode(encode(sent), FRAME_TYPE)

    assert received == sent
    assert Job.open(received).payload == payload


def test_results_and_their_binaries_survive_the_frame() -> None:
    sent = envelope().advanced(result=EMBEDDED, elapsed_ms=12.5)

    received = Job.open(decode(encode(sent), FRAME_TYPE))

    assert received.result(Embedded) == EMBEDDED
    assert received.envelope.timings_ms == {Stage.EMBED: 12.5}
    assert list(received.envelope.slip) == list(ITINERARIES[JobName.ENROL][1:])


def test_a_frame_carries_the_image_as_it_is() -> None:
    frame = encode(envelope())

    assert frame.endswith(IMAGE)
    assert len(frame) < len(IMAGE) + 1000


@pytest.mark.parametrize("content_type", [JSON_TYPE, "application/json; charset=utf-8", "Application/JSON"])
def test_an_internal_publisher_may_send_json_with_base64(content_type: str) -> None:
    message = {
        "job": "enrol",
        "client_id": "c",
        "payload": {"gallery_id": "g", "user_id": "u", "user_name": "U", "image": base64.b64encode(IMAGE).decode()},
    }

    received = decode(json.dumps(message).encode(), content_type)

    assert received.payload["image"] == IMAGE
    assert received.slip == ITINERARIES[JobName.ENROL]
    assert 9 < received.remaining_s() <= 10
    assert Job.open(received).payload == Enrol(gallery_id="g", user_id="u", user_name="U", image=IMAGE)


def test_the_image_of_a_json_message_leaves_it_like_any_other() -> None:
    payload = {"gallery_id": "g", "image": base64.b64encode(IMAGE).decode()}
    received = decode(json.dumps({"job": "identify", "client_id": "c", "payload": payload}).encode(), JSON_TYPE)

    onward = encode(received.advanced(result=EMBEDDED, elapsed_ms=1))

    assert len(onward) < 2048 + 1500


def test_keys_of_a_newer_publisher_are_ignored() -> None:
    message = {"job": "gallery.list", "client_id": "c", "payload": {"colour": "red"}, "priority": 7}

    assert decode(json.dumps(message).encode(), JSON_TYPE).job == "gallery.list"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"job": "enrol"}',
        b'{"job": "no-such-job", "client_id": "c", "payload": {}}',
        b'{"job": ["enrol"], "client_id": "c", "payload": {}}',
        b'{"job": "enrol", "client_id": "c", "payload": []}',
        b'{"job": "enrol", "client_id": "", "payload": {}}',
        b'{"job": "enrol", "client_id": "a\\nb", "payload": {}}',
        b'{"job": "enrol", "client_id": "c", "payload": {"image": "not base64!"}}',
        b'{"job": "enrol", "client_id": "c", "payload": {}, "version": 2}',
        b'{"job": "enrol", "client_id": "c", "payload": {}, "attempts": -1}',
        b'{"job": "enrol", "client_id": "c", "payload": {}, "deadline": NaN}',
        b'{"job": "enrol", "client_id": "c", "payload": {}, "deadline": Infinity}',
        b'{"job": "enrol", "client_id": "c", "payload": {}, "slip": [{"stage": "no-such-stage"}]}',
        b'{"job": "enrol", "client_id": "c", "payload": {}, "results": {"no-such-stage": {}}}',
        b'{"job": "enrol", "client_id": "c", "payload": {}, "results": {"embed": {"template": "?"}}}',
    ],
)
def test_json_that_is_no_job_is_refused(message: bytes) -> None:
    assert_refused(message, JSON_TYPE)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "text",
        [],
        {},
        {"parts": []},
        {"parts": [["payload", "image"]], "payload": {}, "results": {}},
        {"parts": [["payload", "image", -1]], "payload": {}, "results": {}},
        {"parts": [["payload", "image", "7"]], "payload": {}, "results": {}},
        {"parts": [["payload", "image", 7]], "payload": [], "results": {}},
        {"parts": [["nowhere", "image", 7]], "payload": {}, "results": {}},
        {"parts": [["payload", ["image"], 7]], "payload": {}, "results": {}},
        {"parts": [["payload", "image", 8]], "job": "enrol", "client_id": "c", "payload": {}, "results": {}},
    ],
)
def test_a_frame_with_a_wrong_header_is_refused(header: object) -> None:
    assert_refused(framed(header, b"1234567"))


@pytest.mark.parametrize("content_type", [FRAME_TYPE, None, "", "image/jpeg", JSON_TYPE])
def test_bytes_that_are_no_frame_are_refused(content_type: str | None) -> None:
    assert_refused(b"\xff\xd8\xff\xe0 a JPEG, for one", content_type)


def test_a_frame_cut_short_anywhere_is_refused() -> None:
    frame = encode(Envelope.of(Enrol(gallery_id="g", user_id="u", user_name="U", image=b"abc"), client_id="c", deadline=1))

    for size in range(len(frame)):
        assert_refused(frame[:size])


def test_a_damaged_frame_is_refused_or_still_a_job_but_never_a_crash() -> None:
    frame = encode(envelope().advanced(result=EMBEDDED, elapsed_ms=1))
    dice = random.Random(7)
    outcomes: set[Code] = set()

    for _ in range(3000):
        damaged = bytearray(frame)
        for _ in range(dice.randint(1, 4)):
            damaged[dice.randrange(min(len(damaged), 700))] = dice.randrange(256)
        try:
            decode(bytes(damaged), FRAME_TYPE)
            outcomes.add(Code.SUCCESS)
        except WajahError as error:
            outcomes.add(error.code)

    assert outcomes == {Code.SUCCESS, Code.MALFORMED}


def test_a_refusal_does_not_echo_what_was_sent() -> None:
    with pytest.raises(WajahError) as caught:
        decode(b'{"job": "enrol", "client_id": "c\\n", "payload": {"image": "c2VjcmV0"}}', JSON_TYPE)

    assert "c2VjcmV0" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_reply_survives_its_journey() -> None:
    failure = JobError(code=Code.BUSY, message="Server busy", retry_after_s=1.5)
    sent = Reply(
        job=JobName.ENROL,
        job_id="7",
        error=failure,
        results={Stage.MATCH_ENROL: {"user_id": "u", "replaced": False}},
        failures={Stage.EMBED: failure},
        timings_ms={Stage.EMBED: 1.5},
    )

    assert decode_reply(encode_reply(sent)) == sent

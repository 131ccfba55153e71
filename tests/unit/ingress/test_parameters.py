import json
from typing import Any

import pytest
from ingress.api.face.bodies import (
    CompareImagesBody,
    DeleteFaceBody,
    EnrollFaceBody,
    FaceBody,
    GalleryBody,
    IdentifyFaceBody,
    VerifyFaceBody,
)
from ingress.api.face.parameters import parse, parse_with_query
from ingress.faults import HttpFault
from wajah.contracts.errors import WajahError

ENROL = {
    "user_id": "1234",
    "user_name": "Siti",
    "facegallery_id": "riset.ai@production",
    "force_register": False,
    "image": "/9j/",
    "trx_id": "abc",
}
COMPARE = {"source_image": "/9j/", "target_image": "/9j/", "trx_id": None}


def told(kind: type[FaceBody], body: Any, *, wrapped: bool = False) -> str:
    with pytest.raises(WajahError) as refusal:
        parse(kind, json.dumps(body).encode(), wrapped=wrapped)
    return refusal.value.code.value


@pytest.mark.parametrize("absent", ["missing", None, ""])
@pytest.mark.parametrize(
    ("kind", "body", "field", "code"),
    [
        (EnrollFaceBody, ENROL, "image", "451"),
        (EnrollFaceBody, ENROL, "user_id", "452"),
        (EnrollFaceBody, ENROL, "user_name", "453"),
        (EnrollFaceBody, ENROL, "facegallery_id", "454"),
        (VerifyFaceBody, ENROL, "user_id", "452"),
        (VerifyFaceBody, ENROL, "facegallery_id", "454"),
        (VerifyFaceBody, ENROL, "image", "451"),
        (IdentifyFaceBody, ENROL, "facegallery_id", "454"),
        (IdentifyFaceBody, ENROL, "image", "451"),
        (DeleteFaceBody, ENROL, "user_id", "452"),
        (DeleteFaceBody, ENROL, "facegallery_id", "454"),
        (GalleryBody, ENROL, "facegallery_id", "454"),
        (CompareImagesBody, COMPARE, "target_image", "455"),
        (CompareImagesBody, COMPARE, "source_image", "456"),
    ],
)
def test_a_null_field_has_its_own_code(
    kind: type[FaceBody], body: dict[str, Any], field: str, code: str, absent: str | None
) -> None:
    changed = dict(body)
    if absent == "missing":
        del changed[field]
    else:
        changed[field] = absent

    assert told(kind, changed) == code


@pytest.mark.parametrize("value", [5, 1.5, True, [], {}, ["x"], {"a": 1}])
@pytest.mark.parametrize("field", ["user_id", "user_name", "facegallery_id", "image"])
def test_another_json_type_is_malformed(field: str, value: Any) -> None:
    assert told(EnrollFaceBody, ENROL | {field: value}) == "400"


@pytest.mark.parametrize("value", ["x" * 121, "tab\there", "new\nline", "nul\x00", "\x7f", "\x85"])
@pytest.mark.parametrize("field", ["user_id", "user_name", "facegallery_id"])
def test_control_characters_and_more_than_120_characters_are_malformed(field: str, value: str) -> None:
    assert told(EnrollFaceBody, ENROL | {field: value}) == "400"


@pytest.mark.parametrize("value", ["a\u00a0b", "\u200d", "\u200b", "\u2028", "\ufeff"])
def test_a_name_may_hold_what_an_id_may_not(value: str) -> None:
    named = parse(EnrollFaceBody, json.dumps(ENROL | {"user_name": value}).encode(), wrapped=False)

    assert named.user_name == value
    assert told(EnrollFaceBody, ENROL | {"user_id": value}) == "400"
    assert told(EnrollFaceBody, ENROL | {"facegallery_id": value}) == "400"


@pytest.mark.parametrize(
    "value", ["riset.ai@production", "main_gallery", "x" * 120, "Ñandú 陳大文", "#NIK 3174", "'; --", "<b>"]
)
def test_an_id_is_any_printable_text(value: str) -> None:
    body = parse(EnrollFaceBody, json.dumps(ENROL | {"user_id": value}).encode(), wrapped=False)

    assert body.user_id == value


@pytest.mark.parametrize("value", ["true", "false", "", 1, 0, "1", [], {}])
def test_a_flag_is_a_json_boolean(value: Any) -> None:
    assert told(EnrollFaceBody, ENROL | {"force_register": value}) == "400"


@pytest.mark.parametrize(("value", "flag"), [(True, True), (False, False), (None, None)])
def test_a_flag_may_be_null(value: bool | None, flag: bool | None) -> None:
    assert (
        parse(EnrollFaceBody, json.dumps(ENROL | {"force_register": value}).encode(), wrapped=False).force_register is flag
    )


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (None, None),
        ("", ""),
        ("abc", "abc"),
        ("x" * 120, "x" * 120),
        ("a\nb\x00", "a\nb\x00"),
        (17, "17"),
        (True, "true"),
        ([1], "[1]"),
    ],
)
def test_a_trx_id_is_whatever_the_caller_likes(value: Any, label: str | None) -> None:
    assert parse(GalleryBody, json.dumps({"facegallery_id": "g", "trx_id": value}).encode(), wrapped=False).label == label


@pytest.mark.parametrize("value", ["x" * 121, list(range(100))])
def test_a_trx_id_has_at_most_120_characters(value: Any) -> None:
    assert told(GalleryBody, {"facegallery_id": "g", "trx_id": value}) == "400"


def test_unknown_keys_are_ignored() -> None:
    assert parse(GalleryBody, b'{"facegallery_id": "g", "image": 5, "x": {"y": NaN}}', wrapped=False).facegallery_id == "g"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "452"),
        ({"user_id": "u"}, "453"),
        ({"user_id": "u", "user_name": "n"}, "454"),
        ({"user_id": "u", "user_name": "n", "facegallery_id": "g"}, "451"),
        (ENROL | {"user_name": None, "user_id": 5}, "400"),
        (ENROL | {"user_id": None, "user_name": 5}, "452"),
        (ENROL | {"force_register": "true", "image": None}, "400"),
        (ENROL | {"image": None, "trx_id": "x" * 121}, "451"),
    ],
)
def test_the_first_fault_in_the_documents_order_is_told(body: dict[str, Any], code: str) -> None:
    assert told(EnrollFaceBody, body) == code


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"x",
        b"{",
        b"user_id=5&image=abc",
        b'{"facegallery_id": "\xff"}',
        b'{"a": 1} x',
        b"[" * 5000,
        b'{"a": "\\ud800"}',
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_is_not_json_never_reached_the_api(raw: bytes, wrapped: bool) -> None:
    with pytest.raises(HttpFault) as fault:
        parse(GalleryBody, raw, wrapped=wrapped)

    assert fault.value.status == 400


@pytest.mark.parametrize("body", [None, [], [{}], "x", 5, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_json_that_is_no_object_is_malformed(body: Any, wrapped: bool) -> None:
    assert told(GalleryBody, body, wrapped=wrapped) == "400"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse(GalleryBody, b'\xef\xbb\xbf{"facegallery_id": "g"}', wrapped=False).facegallery_id == "g"


def test_under_the_envelope_the_request_may_stand_in_it_too() -> None:
    inner = b'{"facegallery_id": "g"}'

    assert parse(GalleryBody, inner, wrapped=True).facegallery_id == "g"
    assert parse(GalleryBody, b'{"risetai": ' + inner + b"}", wrapped=True).facegallery_id == "g"
    assert told(GalleryBody, {"risetai": {"facegallery_id": "g"}}) == "454"
    assert told(GalleryBody, {"risetai": {"facegallery_id": ""}}, wrapped=True) == "454"
    assert told(GalleryBody, {"risetai": 5}, wrapped=True) == "454"


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        (b"", {"facegallery_id": "g"}),
        (b" ", {"facegallery_id": "g"}),
        (b"{}", {"facegallery_id": "g"}),
        (b'{"facegallery_id": null}', {"facegallery_id": "g"}),
        (b'{"facegallery_id": ""}', {"facegallery_id": "g"}),
        (b'{"facegallery_id": "g"}', {}),
        (b'{"facegallery_id": "g"}', {"facegallery_id": "other"}),
        (b'{"facegallery_id": "g"}', {"facegallery_id": ""}),
    ],
)
def test_parameters_stand_in_the_body_or_in_the_query_string(raw: bytes, query: dict[str, str]) -> None:
    assert parse_with_query(GalleryBody, raw, query, wrapped=False).facegallery_id == "g"


def test_body_and_query_string_make_up_for_each_other() -> None:
    body = parse_with_query(
        DeleteFaceBody, b'{"risetai": {"user_id": "u"}}', {"facegallery_id": "g", "page": "1"}, wrapped=True
    )

    assert (body.user_id, body.facegallery_id) == ("u", "g")


@pytest.mark.parametrize(
    ("raw", "query", "code"), [(b"", {}, "452"), (b"[]", {"user_id": "u"}, "400"), (b"{}", {"user_id": "x" * 121}, "400")]
)
def test_a_query_string_is_checked_like_a_body(raw: bytes, query: dict[str, str], code: str) -> None:
    with pytest.raises(WajahError) as refusal:
        parse_with_query(DeleteFaceBody, raw, query, wrapped=False)

    assert refusal.value.code == code


def test_a_body_that_is_not_json_is_told_although_the_query_string_would_do() -> None:
    with pytest.raises(HttpFault):
        parse_with_query(GalleryBody, b"x", {"facegallery_id": "g"}, wrapped=False)

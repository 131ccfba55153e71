"""From a request's body to a picture and a threshold."""

import pytest
from ingress.api.users.bodies import FaceBody, SearchBody, parse
from ingress.api.users.problem import Problem


@pytest.mark.parametrize(
    ("raw", "similarity"),
    [
        (b'{"face": "x"}', 0.8),
        (b'{"face": "x", "threshold": null}', 0.8),
        (b'{"face": "x", "threshold": 75.5}', 0.755),
        (b'{"face": "x", "threshold": 100}', 1.0),
        (b'{"threshold": 1e-9, "face": "x"}', 1e-11),
        (b'{"face": "x", "threshold": 75.5,\n} \n', 0.755),
        (b'\xef\xbb\xbf{"face": "x" , }', 0.8),
    ],
)
def test_a_threshold_is_in_percent(raw: bytes, similarity: float) -> None:
    assert parse(SearchBody, raw).similarity() == pytest.approx(similarity)


@pytest.mark.parametrize(
    "raw", [b"{,}", b'{"face": "x",,}', b'["x",]', b'{"face": "x,}', b"}", b",}", b"\xff", b'{"face": "\\ud800"}']
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    with pytest.raises(Problem) as problem:
        parse(FaceBody, raw)

    assert problem.value.errors in {("the body is not JSON",), ("face is required",)}


def test_a_threshold_is_no_part_of_an_enrolment() -> None:
    assert parse(FaceBody, b'{"face": "x", "threshold": "any"}').face == "x"


def test_a_refusal_never_quotes_the_body() -> None:
    with pytest.raises(Problem) as problem:
        parse(SearchBody, b'{"face": 12345, "threshold": "SECRET"}')

    assert "12345" not in str(problem.value)
    assert "SECRET" not in str(problem.value)

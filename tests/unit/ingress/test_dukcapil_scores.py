"""Scores and thresholds of the Dukcapil FR API."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingress.api.dukcapil.scores import score_of, similarity_of, threshold_of


@pytest.mark.parametrize(
    ("given_one", "threshold"),
    [(1, 1.0), (20, 20.0), (7.5, 7.5), ("1", 1.0), ("20", 20.0), ("07", 7.0), (" 5 ", 5.0), ("19.99", 19.99)],
)
def test_a_threshold_is_a_number_or_its_text(given_one: float | str, threshold: float) -> None:
    assert threshold_of(given_one) == threshold


@pytest.mark.parametrize(
    "given_one",
    [0, 0.999, 20.001, 21, -1, float("nan"), float("inf"), "", " ", "0", "21", "020", "7,5", "1e1", "0x5", "+5", "-5", "٧"],
)
def test_anything_else_is_none(given_one: float | str) -> None:
    assert threshold_of(given_one) is None


@pytest.mark.parametrize(
    ("similarity", "score"),
    [(0.0, 0.0), (1.0, 20.0), (0.5, 10.0), (0.4941309452, 9.882619), (-0.1, 0.0), (1.0000001, 20.0)],
)
def test_a_score_is_twenty_times_the_similarity_to_six_decimals(similarity: float, score: float) -> None:
    assert score_of(similarity) == score


@given(st.floats(1, 20), st.floats(0, 1))
def test_a_face_that_reached_the_threshold_has_no_score_below_it(threshold: float, above: float) -> None:
    reached = similarity_of(threshold)
    similarity = min(1.0, reached + above * (1 - reached))

    assert threshold <= score_of(similarity, at_least=threshold) <= 20


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_greater_similarity_never_has_a_smaller_score(one: float, other: float) -> None:
    smaller, greater = sorted((one, other))

    assert score_of(smaller) <= score_of(greater)

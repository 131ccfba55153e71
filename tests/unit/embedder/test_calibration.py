"""Similarity means the same for every model: 0.75 is one false match in ten thousand."""

import itertools

import numpy as np
import pytest
from embedder.calibration import cosine_at_fmr, fit
from embedder.known_calibrations import ASSUMED_ARCFACE, DEFAULT_PACK
from wajah.contracts.models import Calibration


def scores(mean: float, deviation: float, count: int, seed: int) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).normal(mean, deviation, count), -1, 1)


def fmr(calibration: Calibration, similarity: float, impostor: np.ndarray) -> float:
    return float((impostor >= calibration.cosine(similarity)).mean())


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 0.08), (0.83, 0.035)])
def test_the_threshold_lies_at_one_in_ten_thousand_whatever_the_model(mean: float, deviation: float) -> None:
    seen, unseen = scores(mean, deviation, 200_000, 1), scores(mean, deviation, 1_000_000, 2)

    fitted = fit(scores(mean + 6 * deviation, deviation / 2, 500, 3), seen)

    assert fitted.measured
    assert fmr(fitted.calibration, 0.75, seen) <= 1e-4
    assert fmr(fitted.calibration, 0.75, unseen) == pytest.approx(1e-4, rel=0.6)


def test_each_factor_of_ten_in_false_matches_is_the_same_step_of_similarity() -> None:
    impostor = scores(0.0, 0.1, 200_000, 4)

    calibration = fit(scores(0.7, 0.1, 500, 5), impostor).calibration

    for similarity, rate in ((0.1875, 1e-1), (0.375, 1e-2), (0.5625, 1e-3)):
        assert fmr(calibration, similarity, impostor) == pytest.approx(rate, rel=0.02)


def test_half_of_the_pairs_of_one_person_lie_above_nine_tenths_and_identity_is_one() -> None:
    genuine = scores(0.7, 0.1, 1001, 6)

    calibration = fit(genuine, scores(0.0, 0.1, 200_000, 7)).calibration

    assert calibration.similarity(float(np.median(genuine))) == pytest.approx(0.9, abs=1e-3)
    assert calibration.similarity(1.0) == 1.0
    assert calibration.similarity(-1.0) == 0.0


def test_similarity_at_the_threshold_is_exactly_three_quarters() -> None:
    for calibration in (
        fit(scores(0.7, 0.1, 50, 8), scores(0.0, 0.1, 60_000, 9)).calibration,
        DEFAULT_PACK,
        ASSUMED_ARCFACE,
    ):
        assert 0.75 in calibration.similarities
        assert calibration.similarity(calibration.cosine(0.75)) == 0.75


@pytest.mark.parametrize("pairs", [10, 45, 400, 3000])
def test_few_pairs_give_a_cautious_curve_that_says_so(pairs: int) -> None:
    fitted = fit(scores(0.7, 0.05, 20, 10), scores(0.0, 0.1, pairs, 11))

    assert not fitted.measured
    assert "extrapolated" in fitted.words
    assert f"{pairs} pairs of two people" in fitted.words
    assert 0.2 < fitted.calibration.cosine(0.75) < 0.6  # 0.37 for the distribution they come from
    assert len(fitted.calibration.cosines) <= 20
    assert all(a < b for a, b in itertools.pairwise(fitted.calibration.cosines))


def test_without_pairs_of_one_person_the_curve_still_stands() -> None:
    fitted = fit(np.empty(0), scores(0.0, 0.1, 60_000, 12))

    assert fitted.genuine == 0
    assert fitted.calibration.similarity(1.0) == 1.0


def test_pairs_of_one_person_below_the_threshold_do_not_bend_the_curve() -> None:
    fitted = fit(scores(0.1, 0.05, 100, 13), scores(0.0, 0.1, 60_000, 14))

    assert 0.9 not in fitted.calibration.similarities


def test_too_few_pairs_or_a_blind_model_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 10 pairs"):
        fit(np.ones(5), np.zeros(9))
    with pytest.raises(ValueError, match="as alike"):
        fit(np.ones(5), np.ones(100))


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.01, 0.0])
def test_the_rate_at_a_cosine_is_kept_and_one_more_pair_would_break_it(rate: float) -> None:
    impostor = np.random.default_rng(15).permutation(np.linspace(-0.5, 0.5, 1000)).astype(np.float32)

    cosine = cosine_at_fmr(impostor, rate)

    assert (impostor >= cosine).mean() <= rate
    assert (impostor >= np.nextafter(np.float32(cosine), np.float32(-1))).mean() >= rate

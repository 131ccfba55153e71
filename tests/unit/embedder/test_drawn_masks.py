"""Curves for masked faces: fitted where masked strangers look alike, measured by rates that one can count."""

from typing import Any

import numpy as np
import pytest
from embedder.calibration import fit
from embedder.drawn_masks import BOTH, NONE, ONE, Drawn, fit_mask_curves, measure_drawn, pairs_of
from embedder.evaluation import Gathered
from wajah.contracts.models import FaceModel

PEOPLE, DIMENSION = 330, 64
FMR = 1e-4


def unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def gathered(templates: np.ndarray, people: list[int], *, masked: bool, told: float = 1.0) -> Gathered:
    owners = np.array(people, np.intp)
    first = np.concatenate([[True], np.diff(owners) != 0])
    noticed = np.arange(len(owners)) < told * len(owners)
    return Gathered(templates, owners, first, (), np.arange(len(owners)), noticed if masked else np.zeros(len(owners), bool))


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    """Two pictures a person; every masked face has something in common with every other."""
    rng = np.random.default_rng(5)
    identity = rng.standard_normal((PEOPLE, DIMENSION)).repeat(2, axis=0)
    cloth = 0.6 * np.sqrt(DIMENSION) * np.eye(DIMENSION)[0]
    noise = 0.4 * rng.standard_normal(identity.shape)
    people = list(np.arange(PEOPLE).repeat(2))
    return Drawn(
        gathered(unit(identity + noise), people, masked=False),
        gathered(unit(identity + noise[::-1] + cloth), people, masked=True),
    )


def model_of(drawn: Drawn, **update: Any) -> FaceModel:
    pairs = pairs_of(drawn)
    bare = fit(pairs[NONE].genuine, pairs[NONE].impostor).calibration
    model = FaceModel(
        model_id="m", dimension=DIMENSION, calibration=bare, mask_curves=fit_mask_curves(pairs), licence="none"
    )
    return model.model_copy(update=update)


def test_pairs_are_counted_once_and_no_picture_meets_itself(drawn: Drawn) -> None:
    pairs = pairs_of(drawn)

    strangers = PEOPLE * (PEOPLE - 1)
    assert [len(pairs[state].impostor) for state in (NONE, ONE, BOTH)] == [strangers // 2, strangers, strangers // 2]
    assert [len(pairs[state].genuine) for state in (NONE, ONE, BOTH)] == [PEOPLE, 2 * PEOPLE, PEOPLE]
    assert [set(pairs[state].impostor_told) for state in (NONE, ONE, BOTH)] == [{NONE}, {ONE}, {BOTH}]


def test_two_masked_strangers_match_too_often_by_one_curve_and_as_documented_by_their_own(drawn: Drawn) -> None:
    figures = measure_drawn(pairs_of(drawn), model_of(drawn))

    assert figures["both"].fmr_one_curve > 20 * FMR
    assert figures["both"].fmr_known <= FMR
    assert figures["one"].fmr_known <= FMR
    assert figures["none"].fmr_known <= FMR
    assert figures["both"].fmr_told == figures["both"].fmr_known


def test_a_model_without_mask_curves_shows_the_same_rates_with_and_without(drawn: Drawn) -> None:
    both = measure_drawn(pairs_of(drawn), model_of(drawn, mask_curves=None))["both"]

    assert both.fmr_known == both.fmr_one_curve
    assert both.tar_known == both.tar_one_curve


def test_masks_that_are_not_noticed_are_judged_as_the_platform_would(drawn: Drawn) -> None:
    half = gathered(drawn.masked.templates, list(drawn.masked.people), masked=True, told=0.5)
    pairs = pairs_of(Drawn(drawn.bare, half))

    both = measure_drawn(pairs, model_of(drawn))["both"]

    assert set(pairs[BOTH].impostor_told) == {NONE, ONE, BOTH}
    assert both.fmr_known < both.fmr_told < both.fmr_one_curve

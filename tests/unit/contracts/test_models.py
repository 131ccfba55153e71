"""Which curve a pair of faces is judged by."""

import pytest
from wajah.contracts.models import Calibration, FaceModel, MaskCurves


def curve(threshold: float) -> Calibration:
    return Calibration(cosines=(0.0, threshold, 1.0), similarities=(0.0, 0.75, 1.0))


BARE, ONE, BOTH = curve(0.4), curve(0.35), curve(0.6)
MODEL = FaceModel(model_id="m", dimension=8, calibration=BARE, mask_curves=MaskCurves(one=ONE, both=BOTH), licence="none")


@pytest.mark.parametrize(
    ("masked", "expected"),
    [((False, False), BARE), ((True, False), ONE), ((False, True), ONE), ((True, True), BOTH)],
)
def test_the_masks_of_both_faces_choose_the_curve(masked: tuple[bool, bool], expected: Calibration) -> None:
    assert MODEL.curve(*masked) is expected


@pytest.mark.parametrize("masked", [(False, False), (True, False), (True, True)])
def test_a_model_that_was_registered_without_mask_curves_has_one_for_all(masked: tuple[bool, bool]) -> None:
    registered = '{"model_id": "m", "dimension": 8, "calibration": ' + BARE.model_dump_json() + ', "licence": "none"}'

    model = FaceModel.model_validate_json(registered)

    assert model.mask_curves is None
    assert model.curve(*masked) == BARE


def test_the_curves_survive_the_store() -> None:
    assert FaceModel.model_validate_json(MODEL.model_dump_json()) == MODEL

"""Curves that ship with the code: the default pack's, which was measured, and a stand-in for packs that were not."""

from typing import Final

from wajah.contracts.models import Calibration, MaskCurves

DEFAULT_PACK: Final = Calibration(
    cosines=(
        *(0.7197, 0.81073, 0.83555, 0.8593, 0.87904, 0.89687, 0.90893, 0.9191, 0.92742, 0.93439),
        *(0.93874, 0.95977, 1.0),
    ),
    similarities=(
        *(0.0, 0.02343, 0.05644, 0.11289, 0.1875, 0.28554, 0.375, 0.47304, 0.5625, 0.66054),
        *(0.75, 0.9, 1.0),
    ),
)
_RATES: Final = (*(0.0, 0.02343, 0.05644, 0.11289, 0.1875, 0.28554, 0.375, 0.47304, 0.5625, 0.66054), *(0.75, 1.0))
DEFAULT_PACK_MASKED: Final = MaskCurves(
    one=Calibration(
        cosines=(
            *(0.74733, 0.8293, 0.85141, 0.87237, 0.88938, 0.90405, 0.91398, 0.92237, 0.92852, 0.93449),
            *(0.93867, 1.0),
        ),
        similarities=_RATES,
    ),
    both=Calibration(
        cosines=(
            *(0.77759, 0.85754, 0.8803, 0.9019, 0.91958, 0.93463, 0.94433, 0.95225, 0.95804, 0.96378),
            *(0.96851, 1.0),
        ),
        similarities=_RATES,
    ),
)
DEFAULT_PACK_CALIBRATED_ON: Final = (
    "500 people of Labeled Faces in the Wild: 987 pairs of one person and 124750 pairs of two people; "
    "masked faces on 240019 and 115440 pairs of two people, of whom one or both have a mask drawn on"
)

ASSUMED_ARCFACE: Final = Calibration(
    cosines=(-0.25, 0.03, 0.1453, 0.2394, 0.3081, 0.3647, 0.65, 1.0),
    similarities=(0.0, 0.05644, 0.1875, 0.375, 0.5625, 0.75, 0.9, 1.0),
)
"""For networks trained with an angular margin, as long as nobody has measured the pack: pairs of two people as if normally
distributed with mean 0.03 and deviation 0.09, wider than such networks show, so that the threshold errs on the safe side."""

ASSUMED_ARCFACE_CALIBRATED_ON: Final = (
    "nothing yet: the curve is assumed from networks of its kind; calibrate the pack on faces of your own"
)

"""From cosines to similarities: a monotone curve through false match rates, measured on pairs of faces.

Up to the threshold similarity is evidence on a scale of ten: 0.75 stands at a false match rate of 1e-4, and each factor of
ten in that rate is 0.1875 of similarity. Above it, half of the pairs of one person lie above 0.9, and 1 is cosine 1.
"""

import itertools
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt
from wajah.contracts.models import Calibration

Cosines = npt.NDArray[np.floating]
"""Cosines of pairs, from -1 to 1, in any order."""

THRESHOLD_SIMILARITY: Final = 0.75
THRESHOLD_FMR: Final = 1e-4

_MEDIAN_SIMILARITY: Final = 0.9
_RATES: Final = (0.75, 0.5, 0.25, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
_BOTTOM_QUANTILE: Final = 0.001
_FEWEST_PAIRS: Final = 10
_FEWEST_BEYOND: Final = 5  # so many pairs must lie beyond a rate for it to count as measured
_TAIL: Final = 0.05
_FEWEST_IN_TAIL: Final = 20
_LIGHTEST_TAIL: Final = -0.5
_STEP: Final = 1e-4  # the least rise between two knots
_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class Fitted:
    """A calibration, and what it rests on."""

    calibration: Calibration
    genuine: int
    impostor: int
    measured: bool
    """Whether the pairs were enough to see the threshold's false match rate; otherwise it is extrapolated."""

    @property
    def words(self) -> str:
        """For `Manifest.calibrated_on`."""
        doubt = "" if self.measured else "; too few to measure a false match rate of 1e-4, which is extrapolated"
        return f"{self.genuine} pairs of one person and {self.impostor} pairs of two people{doubt}"


def fit(genuine: Cosines, impostor: Cosines) -> Fitted:
    """The curve of a model. Raises ValueError for fewer than ten pairs of two people, or where they all look alike."""
    if len(impostor) < _FEWEST_PAIRS:
        raise ValueError(f"a calibration needs at least {_FEWEST_PAIRS} pairs of two people")
    measured = len(impostor) * THRESHOLD_FMR >= _FEWEST_BEYOND
    threshold = cosine_at_fmr(impostor, THRESHOLD_FMR) if measured else _extrapolated(impostor)
    below = [(float(np.quantile(impostor, _BOTTOM_QUANTILE)), 0.0)]
    below += [
        (cosine_at_fmr(impostor, rate), _similarity_at(rate)) for rate in _RATES if len(impostor) * rate >= _FEWEST_BEYOND
    ]
    pin = (threshold, THRESHOLD_SIMILARITY)
    above = [(float(np.median(genuine)), _MEDIAN_SIMILARITY)] if len(genuine) else []
    return Fitted(_curve(below, pin, above), len(genuine), len(impostor), measured)


def cosine_at_fmr(impostor: Cosines, rate: float) -> float:
    """The lowest cosine that at most this share of the pairs of two people reaches."""
    allowed = min(int(len(impostor) * rate), len(impostor) - 1)
    kth = len(impostor) - 1 - allowed
    highest_refused = np.partition(impostor, kth)[kth]
    return float(np.nextafter(highest_refused, np.inf, dtype=impostor.dtype))  # the next cosine that its type can tell apart


def _similarity_at(rate: float) -> float:
    return THRESHOLD_SIMILARITY * math.log(rate) / math.log(THRESHOLD_FMR)


def _extrapolated(impostor: Cosines) -> float:
    """Where the rate would be 1e-4, judged from the highest twentieth of the pairs.

    Their excess over the rest follows a generalised Pareto distribution, here fitted by its moments (Pickands, 1975;
    Hosking and Wallis, 1987), with a tail never heavier than exponential, since cosines are bounded. With fewer than
    twenty such pairs all pairs are taken as normally distributed instead, which mostly asks for a higher cosine.
    """
    start = float(np.quantile(impostor, 1 - _TAIL))
    excess = np.asarray(impostor[impostor > start] - start, np.float64)
    if len(excess) < _FEWEST_IN_TAIL or np.ptp(excess) == 0:
        beyond = NormalDist().inv_cdf(1 - THRESHOLD_FMR)
        return float(impostor.mean(dtype=np.float64) + beyond * impostor.std(dtype=np.float64))
    mean, variance = float(excess.mean()), float(excess.var(ddof=1))
    shape = min(max((1 - mean * mean / variance) / 2, _LIGHTEST_TAIL), -_STEP)
    scale = mean * (1 - shape)
    return float(start + scale / shape * ((THRESHOLD_FMR / _TAIL) ** -shape - 1))


def _curve(below: list[tuple[float, float]], pin: tuple[float, float], above: list[tuple[float, float]]) -> Calibration:
    """Through the pinned threshold exactly; other knots stay only where they keep the curve rising."""
    pin = (math.ceil(pin[0] * 10**_DIGITS) / 10**_DIGITS, pin[1])
    if pin[0] > 1.0 - _STEP:
        raise ValueError("pairs of two people look as alike as pairs of one: this model can't be calibrated here")
    knots = [(round(below[0][0], _DIGITS), 0.0)] if below[0][0] < pin[0] - _STEP else [(pin[0] - 2 * _STEP, 0.0)]
    for cosine, similarity in below[1:]:
        if knots[-1][0] + _STEP <= cosine <= pin[0] - _STEP and similarity > knots[-1][1]:
            knots.append((round(cosine, _DIGITS), round(similarity, _DIGITS)))
    knots.append(pin)
    knots += [(round(cosine, _DIGITS), s) for cosine, s in above if pin[0] + _STEP <= cosine <= 1.0 - _STEP]
    knots.append((1.0, 1.0))
    assert all(a < b for a, b in itertools.pairwise(knots))
    return Calibration(cosines=tuple(c for c, _ in knots), similarities=tuple(s for _, s in knots))

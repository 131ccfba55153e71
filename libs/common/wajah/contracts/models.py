"""What services must know of a face recognition model beyond its weights; the embedder registers it in the store."""

import itertools
from bisect import bisect_right
from typing import Final, Self

from pydantic import model_validator

from wajah.contracts.types import Contract, Identifier

SAME_IMAGE: Final = 1 - 1e-6  # float32 rounding of a template's product with itself


class Calibration(Contract):
    """From cosine to similarity: monotone, linear between knots; 0.75 stands at the cosine where FMR is 1e-4, 1.0 at 1."""

    cosines: tuple[float, ...]
    similarities: tuple[float, ...]

    @model_validator(mode="after")
    def _monotone(self) -> Self:
        for knots in (self.cosines, self.similarities):
            if len(knots) < 2 or any(a >= b for a, b in itertools.pairwise(knots)):
                raise ValueError("knots must be at least two, strictly rising")
        if len(self.cosines) != len(self.similarities) or self.similarities[0] != 0.0 or self.similarities[-1] != 1.0:
            raise ValueError("one similarity a cosine, from 0 to 1")
        return self

    def similarity(self, cosine: float) -> float:
        """Similarity from 0 to 1 of a cosine from -1 to 1."""
        return _interpolate(cosine, self.cosines, self.similarities)

    def cosine(self, similarity: float) -> float:
        """The lowest cosine that reaches a similarity from 0 to 1."""
        return _interpolate(similarity, self.similarities, self.cosines)


class MaskCurves(Contract):
    """The curves of pairs of faces of which `one` or `both` wear a mask."""

    one: Calibration
    both: Calibration


def _interpolate(x: float, xs: tuple[float, ...], ys: tuple[float, ...]) -> float:
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    i = bisect_right(xs, x)
    return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1])


class FaceModel(Contract):
    """A registered model: templates of two models never meet."""

    model_id: Identifier
    dimension: int
    calibration: Calibration
    """Of pairs of bare faces; of all pairs where there are no mask curves."""
    mask_curves: MaskCurves | None = None
    """None where nobody measured them: two masked faces then match far more often than documented."""
    threshold: float = 0.75
    """Default decision threshold, as a similarity."""
    licence: str

    def curve(self, *masked: bool) -> Calibration:
        """The curve of two faces, by which of them wear masks."""
        if self.mask_curves is None or not any(masked):
            return self.calibration
        return self.mask_curves.both if all(masked) else self.mask_curves.one

    def similarity(self, cosine: float, *masked: bool) -> float:
        """Similarity of two faces, by which of them wear masks, from 0 to 1; exactly 1 for the identical image."""
        return 1.0 if cosine >= SAME_IMAGE else self.curve(*masked).similarity(cosine)

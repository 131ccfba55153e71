"""Fits and measures a pack's curves for masked faces, on faces that have masks drawn on them (`embedder.masking`).

Every picture is looked at twice, bare and with a mask, from detection on: what detection loses is lost here too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt
from wajah.contracts.models import FaceModel, MaskCurves

from embedder.calibration import THRESHOLD_SIMILARITY, Cosines, fit
from embedder.evaluation import Gathered, NotAFaceFolder, Progress, embed_with, gather
from embedder.masking import any_mask, with_mask
from embedder.pipeline import Image, Pack, main_face

NONE, ONE, BOTH = range(3)
"""How many of two faces wear a mask."""
STATES: Final = {NONE: "none", ONE: "one", BOTH: "both"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """The same pictures twice."""

    bare: Gathered
    masked: Gathered


@dataclass(frozen=True, slots=True)
class Pairs:
    """Cosines of pairs of pictures, and how many of the two each pair was told to have masked."""

    genuine: Cosines
    genuine_told: npt.NDArray[np.intp]
    impostor: Cosines
    impostor_told: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class StateFigures:
    """Rates from 0 to 1 at the default threshold, for pairs of which none, one or both faces wear a mask.

    `one_curve`: by the curve of bare faces. `known`: by the curve of the true state. `told`: by the state that the pack
    told, as the platform does; a mask that is not noticed counts as none.
    """

    genuine: int
    impostor: int
    fmr_one_curve: float
    fmr_known: float
    fmr_told: float
    tar_one_curve: float
    tar_known: float
    tar_told: float


def gather_drawn(pack: Pack, folder: Path, *, threads: int, progress: Progress) -> Drawn:
    """Raises NotAFaceFolder as `gather` does; where no masked faces are found there are just none."""

    def half(of: str, start: float) -> Progress:
        return lambda text, done: progress(f"{of}: {text}", start + done / 2)

    bare = gather(embed_with(pack), folder, threads=threads, progress=half("bare", 0.0))
    try:
        masked = gather(embed_with(pack, dress=_dressed), folder, threads=threads, progress=half("masked", 0.5))
    except NotAFaceFolder:
        masked = _nobody(bare)
    return Drawn(bare, masked)


def _nobody(like: Gathered) -> Gathered:
    return Gathered(like.templates[:0], like.people[:0], like.first[:0], (), like.pictures[:0], like.masked[:0])


def pairs_of(drawn: Drawn) -> dict[int, Pairs]:
    """By the number of masks."""
    return {
        NONE: _pairs(drawn.bare, drawn.bare),
        ONE: _pairs(drawn.bare, drawn.masked),
        BOTH: _pairs(drawn.masked, drawn.masked),
    }


def fit_mask_curves(pairs: dict[int, Pairs]) -> MaskCurves:
    """Raises ValueError where too few masked faces are found."""
    one, both = (fit(pairs[state].genuine, pairs[state].impostor).calibration for state in (ONE, BOTH))
    return MaskCurves(one=one, both=both)


def measure_drawn(pairs: dict[int, Pairs], model: FaceModel) -> dict[str, StateFigures]:
    """By the name of the state."""
    curves = [model.curve(False, False), model.curve(True, False), model.curve(True, True)]
    thresholds = np.array([curve.cosine(THRESHOLD_SIMILARITY) for curve in curves])
    return {STATES[state]: _figures(each, thresholds, state) for state, each in pairs.items()}


def _figures(pairs: Pairs, thresholds: npt.NDArray[np.float64], state: int) -> StateFigures:
    return StateFigures(
        genuine=len(pairs.genuine),
        impostor=len(pairs.impostor),
        fmr_one_curve=_share(pairs.impostor >= thresholds[NONE]),
        fmr_known=_share(pairs.impostor >= thresholds[state]),
        fmr_told=_share(pairs.impostor >= thresholds[pairs.impostor_told]),
        tar_one_curve=_share(pairs.genuine >= thresholds[NONE]),
        tar_known=_share(pairs.genuine >= thresholds[state]),
        tar_told=_share(pairs.genuine >= thresholds[pairs.genuine_told]),
    )


def _share(reached: npt.NDArray[np.bool_]) -> float:
    return float(reached.mean()) if len(reached) else 0.0


def _pairs(left: Gathered, right: Gathered) -> Pairs:
    """Of two people their first pictures, of one person all different pictures; no pair twice."""
    a, b = np.flatnonzero(left.first), np.flatnonzero(right.first)
    others = left.people[a][:, np.newaxis] != right.people[b][np.newaxis]
    same = left.people[:, np.newaxis] == right.people[np.newaxis]
    same &= left.pictures[:, np.newaxis] != right.pictures[np.newaxis]
    if left is right:
        others, same = np.triu(others), np.triu(same)
    x, y = np.nonzero(others)
    m, n = np.nonzero(same)
    return Pairs(
        genuine=np.asarray(np.einsum("nd,nd->n", left.templates[m], right.templates[n]), np.float32),
        genuine_told=left.masked[m].astype(np.intp) + right.masked[n],
        impostor=np.asarray((left.templates[a] @ right.templates[b].T)[others], np.float32),
        impostor_told=left.masked[a][x].astype(np.intp) + right.masked[b][y],
    )


def _dressed(pack: Pack, image: Image, path: Path) -> Image | None:
    """The picture with a mask on its main face, always the same one for a picture; None where no face is found."""
    faces = pack.detect(image)
    if not faces:
        return None
    mask = any_mask(crc32(f"{path.parent.name}/{path.name}".encode()))
    return with_mask(image, main_face(faces, image), pack.layout, mask)

"""Draws face masks on photographs, so that a pack's curves for masked faces can be fitted where only bare faces are at hand.

Drawn on the landmarks, in a few shapes and colours, lit like the face. Not a stand-in for photographs of real masks where
the question is whether a mask is noticed (`wajah evaluate --masks`).
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from embedder.align import PORTRAIT_SIDE, similarity_transform
from embedder.pipeline import DetectedFace, Image, Layout

_MARGIN: Final = 36
"""Pixels around the portrait that a mask may reach into: chins and jaws lie outside of it."""
_FINE: Final = 2  # the mask is drawn so many times as large as it stands on the portrait
_SIDE: Final = (PORTRAIT_SIDE + 2 * _MARGIN) * _FINE

_SURGICAL: Final = ((11, 66), (30, 65), (46, 60), (56, 57), (66, 60), (82, 65), (101, 66), (99, 92), (86, 114), (56, 124))
_CLOTH: Final = ((9, 70), (28, 66), (46, 63), (56, 60), (66, 63), (84, 66), (103, 70), (100, 96), (84, 116), (56, 122))
_RESPIRATOR: Final = ((14, 72), (34, 64), (48, 55), (56, 52), (64, 55), (78, 64), (98, 72), (94, 92), (78, 116), (56, 128))
_SHAPES: Final = (_SURGICAL, _SURGICAL, _CLOTH, _RESPIRATOR)  # surgical masks are worn most

_COLOURS: Final = (
    (214, 190, 150),  # light blue, as most surgical masks
    (214, 190, 150),
    (240, 240, 240),
    (235, 232, 225),
    (35, 33, 32),
    (60, 55, 52),
    (150, 165, 120),
    (190, 170, 215),
    (120, 70, 45),
    (60, 60, 140),
)
"""BGR, in good light."""
_GOOD_LIGHT: Final = 150.0  # brightness of a cheek
_PLEATS: Final = (0.3, 0.5, 0.7)
_EDGE_SHADE: Final = 0.75


@dataclass(frozen=True, slots=True)
class Mask:
    """How a mask looks: the outline in pixels of the portrait, left to right along the upper edge, and its colour."""

    outline: tuple[tuple[int, int], ...]
    colour: tuple[int, int, int]
    pleated: bool


def any_mask(seed: int) -> Mask:
    """One of some forty masks; the same for the same seed."""
    rng = np.random.default_rng(seed)
    shape = _SHAPES[rng.integers(len(_SHAPES))]
    return Mask(shape, _COLOURS[rng.integers(len(_COLOURS))], pleated=shape is _SURGICAL)


def with_mask(image: Image, face: DetectedFace, layout: Layout, mask: Mask) -> Image:
    """A copy of the image in which the face wears the mask."""
    to_portrait = similarity_transform(face.landmarks, layout.portrait)
    scale, shift = np.diag([_FINE, _FINE, 1.0]), np.array([[1, 0, _MARGIN], [0, 1, _MARGIN], [0, 0, 1.0]])
    to_canvas = (scale @ shift @ np.vstack([to_portrait, [0, 0, 1]]))[:2]
    light = np.clip(_brightness(image, face) / _GOOD_LIGHT, 0.3, 1.2)
    painted, cover = _painted(mask, _nose_shift(face, layout, to_portrait), light)
    size = image.shape[1::-1]
    back = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    colours = cv2.warpAffine(painted, to_canvas, size, flags=back, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpAffine(cover, to_canvas, size, flags=back)[:, :, np.newaxis]
    return np.asarray(image * (1 - share) + colours * share, np.uint8)


def _painted(mask: Mask, shift: float, light: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The mask's colours on the canvas, and how much of each pixel it covers (0 to 1)."""
    outline = np.array([*mask.outline, *_mirrored_jaw(mask)], np.float64)
    middle = 1 - np.abs(outline[:, 0] - PORTRAIT_SIDE / 2) / (PORTRAIT_SIDE / 2)
    outline[:, 0] += shift * np.clip(middle, 0, 1)
    points = ((outline + _MARGIN) * _FINE).astype(np.int32)
    cover = np.zeros((_SIDE, _SIDE), np.float32)
    cv2.fillPoly(cover, [points], 1.0)
    across = np.abs(np.arange(_SIDE) / _FINE - _MARGIN - PORTRAIT_SIDE / 2 - shift) / (PORTRAIT_SIDE / 2)
    shade = 1 - (1 - _EDGE_SHADE) * np.clip(across, 0, 1) ** 2  # cloth turns away from the light towards the ears
    painted = np.asarray(np.array(mask.colour) * light * shade[np.newaxis, :, np.newaxis], np.float32)
    painted = np.repeat(painted, _SIDE, axis=0)
    if mask.pleated:
        top, bottom = points[:, 1].min(), points[:, 1].max()
        for part in _PLEATS:
            row = int(top + part * (bottom - top))
            painted[row : row + _FINE] *= 0.88
    return np.clip(painted, 0, 255), np.asarray(cv2.GaussianBlur(cover, (3, 3), 0), np.float32)


def _mirrored_jaw(mask: Mask) -> list[tuple[int, int]]:
    """From the chin, which is the last point, back up to the first one: the other side of the jaw."""
    return [(PORTRAIT_SIDE - x, y) for x, y in mask.outline[-2:-4:-1]]


def _nose_shift(face: DetectedFace, layout: Layout, to_portrait: npt.NDArray[np.float64]) -> float:
    """How far aside the nose lies, in pixels of the portrait: a turned head takes the mask along."""
    nose = int(layout.depth.argmax())
    x = float(to_portrait[0] @ [*face.landmarks[nose], 1.0])
    return x - float(layout.portrait[nose, 0])


def _brightness(image: Image, face: DetectedFace) -> float:
    """Median brightness of the face, from 0 to 255."""
    height, width = image.shape[:2]
    left, top = (int(np.clip(edge, 0, limit - 1)) for edge, limit in zip(face.box[:2], (width, height), strict=True))
    part = image[top : max(top + 1, int(face.box.bottom)), left : max(left + 1, int(face.box.right))]
    return float(np.median(cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_BGR2GRAY)))

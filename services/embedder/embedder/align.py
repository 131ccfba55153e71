"""Cutting an upright, evenly scaled face out of a picture: a similarity transform from landmarks to a template."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from embedder.pipeline import Image

Points = npt.NDArray[np.floating]
"""(n, 2): x and y."""

PORTRAIT_SIDE = 112

ARCFACE_TEMPLATE: Points = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""ArcFace: left eye, right eye, tip of the nose, left and right corner of the mouth, in a square of `PORTRAIT_SIDE`."""


def similarity_transform(source: Points, target: Points) -> npt.NDArray[np.float64]:
    """The (2, 3) matrix that rotates, scales and moves `source` nearest to `target` in the least squares sense.

    In the plane the solution is closed: with both sets centred and read as complex numbers, the factor is
    `sum(conj(source) * target) / sum(|source|²)`; it can't mirror (Umeyama, 1991, in two dimensions).
    """
    source_mean, target_mean = source.mean(axis=0, dtype=np.float64), target.mean(axis=0, dtype=np.float64)
    s, t = source - source_mean, target - target_mean
    norm = float((s * s).sum()) or 1.0
    a = float((s * t).sum()) / norm
    b = float((s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum()) / norm
    linear = np.array([[a, -b], [b, a]])
    return np.column_stack([linear, target_mean - linear @ source_mean])


def cut(image: Image, points: Points, template: Points, side: int) -> Image:
    """The square of `side` pixels in which `points` of the image come to lie on `template`.

    What lies outside of the image is black. A face much larger than the square is first averaged down, because bilinear
    sampling alone would skip pixels.
    """
    matrix = similarity_transform(points, template)
    shrink = int(1.0 / max(math.hypot(matrix[0, 0], matrix[1, 0]), 1e-6))
    if shrink >= 2:
        image, matrix = _averaged(image, matrix, side, shrink)
    return np.asarray(cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR), np.uint8)


def _averaged(
    image: Image, matrix: npt.NDArray[np.float64], side: int, shrink: int
) -> tuple[Image, npt.NDArray[np.float64]]:
    """The part of the image that the square shows, `shrink` times smaller, and the matrix that belongs to it."""
    height, width = image.shape[:2]
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]]) @ inverse.T
    left, top = np.clip(np.floor(corners.min(axis=0)) - shrink, 0, [width - 1, height - 1]).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)) + shrink, [left + 1, top + 1], [width, height]).astype(int)
    part = image[top:bottom, left:right]
    columns, rows = max(1, part.shape[1] // shrink), max(1, part.shape[0] // shrink)
    small = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    # pixel centres: x_part = (x_small + 0.5) * scale - 0.5
    scale_x, scale_y = part.shape[1] / columns, part.shape[0] / rows
    to_image = np.array([[scale_x, 0, left + (scale_x - 1) / 2], [0, scale_y, top + (scale_y - 1) / 2], [0, 0, 1]])
    return small, matrix @ to_image

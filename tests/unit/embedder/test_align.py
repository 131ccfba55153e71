"""The closed form is the least squares solution, and the cut shows the face where the template says."""

import cv2
import numpy as np
import pytest
from embedder.align import ARCFACE_TEMPLATE, PORTRAIT_SIDE, cut, similarity_transform


def moved(points: np.ndarray, *, degrees: float, scale: float, by: tuple[float, float]) -> np.ndarray:
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(scale * points @ rotation.T + by)


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (30, 0.5), (-170, 4.0)])
def test_an_exact_similarity_is_found_exactly(degrees: float, scale: float) -> None:
    source = moved(ARCFACE_TEMPLATE, degrees=degrees, scale=scale, by=(200, -50))

    matrix = similarity_transform(source, ARCFACE_TEMPLATE)

    assert np.allclose(source @ matrix[:, :2].T + matrix[:, 2], ARCFACE_TEMPLATE, atol=1e-4)


def test_no_nearby_similarity_fits_better() -> None:
    rng = np.random.default_rng(8)
    source = moved(ARCFACE_TEMPLATE, degrees=20, scale=2.0, by=(30, 40)) + rng.normal(0, 4, (5, 2))

    def error(matrix: np.ndarray) -> float:
        return float(((source @ matrix[:, :2].T + matrix[:, 2] - ARCFACE_TEMPLATE) ** 2).sum())

    best = similarity_transform(source, ARCFACE_TEMPLATE)

    for a, b, x, y in rng.normal(0, 1, (200, 4)) * (0.01, 0.01, 1, 1):
        assert error(best + np.array([[a, -b, x], [b, a, y]])) > error(best)


def test_mirrored_points_are_not_mirrored_back() -> None:
    mirrored = ARCFACE_TEMPLATE * (-1, 1)

    matrix = similarity_transform(mirrored, ARCFACE_TEMPLATE)

    assert np.linalg.det(matrix[:, :2]) >= 0


@pytest.mark.parametrize("scale", [0.6, 1.0, 2.5, 7.0])
def test_marks_on_the_image_arrive_at_the_template_whatever_the_size(scale: float) -> None:
    points = moved(ARCFACE_TEMPLATE, degrees=15, scale=scale, by=(100, 60))
    image = np.zeros((1200, 1200, 3), np.uint8)
    for x, y in points:
        cv2.circle(image, (round(x * 16), round(y * 16)), round(4 * scale * 16), (255, 255, 255), -1, cv2.LINE_AA, 4)

    face = cut(image, points, ARCFACE_TEMPLATE, PORTRAIT_SIDE)

    _, _, _, centres = cv2.connectedComponentsWithStats((face[:, :, 0] > 127).astype(np.uint8))
    assert len(centres) == 6
    for target in ARCFACE_TEMPLATE:
        assert np.linalg.norm(centres[1:] - target, axis=1).min() < 0.5


def test_a_large_face_is_averaged_not_sampled() -> None:
    stripes = np.zeros((1000, 1000, 3), np.uint8)
    stripes[:, ::2] = 255

    face = cut(stripes, ARCFACE_TEMPLATE * 8, ARCFACE_TEMPLATE, PORTRAIT_SIDE)

    assert face.std() < 10
    assert face.mean() == pytest.approx(127, abs=5)


def test_what_lies_outside_of_the_image_is_black() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)

    face = cut(white, ARCFACE_TEMPLATE + 1000, ARCFACE_TEMPLATE, PORTRAIT_SIDE)

    assert face.shape == (PORTRAIT_SIDE, PORTRAIT_SIDE, 3)
    assert not face.any()

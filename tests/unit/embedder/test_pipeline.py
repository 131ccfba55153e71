"""Whom a picture shows, when it shows several people."""

import numpy as np
import pytest
from embedder.pipeline import Box, DetectedFace, main_face

PICTURE = np.zeros((200, 300, 3), np.uint8)


def face(x: float, y: float, side: float) -> DetectedFace:
    """A face by its centre."""
    half = side / 2
    return DetectedFace(Box(x - half, y - half, x + half, y + half), 1.0, np.zeros((5, 2), np.float32))


def test_the_largest_face_is_the_main_one_even_in_a_corner() -> None:
    central, large = face(150, 100, 50), face(40, 40, 75)

    assert main_face([central, large], PICTURE) is large


def test_among_faces_of_nearly_the_same_size_it_is_the_most_central() -> None:
    beside, central = face(250, 60, 60), face(160, 110, 52)

    assert main_face([beside, central], PICTURE) is central


def test_a_face_alone_is_the_main_one_and_no_face_is_a_mistake() -> None:
    alone = face(0, 0, 40)

    assert main_face([alone], PICTURE) is alone
    with pytest.raises(ValueError):
        main_face([], PICTURE)


def test_the_size_of_a_face_is_the_height_of_its_box() -> None:
    assert DetectedFace(Box(10, 20, 50, 90), 1.0, np.zeros((5, 2), np.float32)).size == 70
    assert Box(10, 20, 50, 90).area == 40 * 70

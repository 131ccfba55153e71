"""Pose, sharpness and light of faces that are known."""

import math

import cv2
import numpy as np
import pytest
from embedder import dlib_pack, insightface_pack
from embedder.pipeline import Image, Landmarks, Layout, Pack
from embedder.quality import blur, pose, quality

SCRFD, DLIB = insightface_pack.LAYOUT, dlib_pack.LAYOUT


def seen(layout: Layout, *, yaw: float = 0, pitch: float = 0, roll: float = 0, scale: float = 1.7) -> Landmarks:
    """The points of the mean face, turned by degrees, as a far camera sees them."""
    y, p, r = (math.radians(angle) for angle in (yaw, pitch, roll))
    about_y = np.array([[math.cos(y), 0, -math.sin(y)], [0, 1, 0], [math.sin(y), 0, math.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(p), math.sin(p)], [0, -math.sin(p), math.cos(p)]])
    about_z = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    solid = np.column_stack([layout.portrait, -layout.depth])
    return np.asarray((scale * solid @ (about_z @ about_x @ about_y).T)[:, :2] + 300, np.float32)


@pytest.mark.parametrize("layout", [SCRFD, DLIB], ids=["scrfd", "dlib"])
def test_the_mean_face_looks_straight_ahead(layout: Layout) -> None:
    assert pose(seen(layout), layout) == pytest.approx((0, 0, 0), abs=0.1)


@pytest.mark.parametrize("layout", [SCRFD, DLIB], ids=["scrfd", "dlib"])
@pytest.mark.parametrize("roll", [-40, 25, 90])
def test_roll_is_exact(layout: Layout, roll: float) -> None:
    assert pose(seen(layout, roll=roll), layout)[2] == pytest.approx(roll, abs=0.1)


@pytest.mark.parametrize("layout", [SCRFD, DLIB], ids=["scrfd", "dlib"])
@pytest.mark.parametrize("angle", [-20, 20])
def test_yaw_and_pitch_have_the_right_sign_and_never_exceed_the_turn(layout: Layout, angle: float) -> None:
    yaw = pose(seen(layout, yaw=angle), layout)[0]
    pitch = pose(seen(layout, pitch=angle), layout)[1]

    assert 0.4 < yaw / angle <= 1.01
    assert 0.4 < pitch / angle <= 1.01


def test_points_that_fall_together_still_have_a_pose() -> None:
    assert all(math.isfinite(angle) for angle in pose(np.zeros((5, 2), np.float32), SCRFD))


def test_blur_rises_with_every_blurring_and_ignores_contrast(astronaut_bgr: Image) -> None:
    sharp = cv2.cvtColor(astronaut_bgr[50:200, 150:300], cv2.COLOR_BGR2GRAY)

    values = [blur(np.asarray(cv2.GaussianBlur(sharp, (0, 0), sigma), np.uint8)) for sigma in (0.5, 1, 2, 4)]

    assert blur(sharp) < values[0] < values[1] < values[2] < values[3] < 1
    assert blur((sharp // 2).astype(np.uint8)) == pytest.approx(blur(sharp), abs=0.03)
    assert blur(np.full((50, 50), 99, np.uint8)) == 1


def test_the_quality_of_a_good_portrait_is_good(default_pack: Pack, astronaut_bgr: Image) -> None:
    (face,) = default_pack.detect(astronaut_bgr)

    measured = quality(default_pack.portrait(astronaut_bgr, face), face.landmarks, default_pack.layout, face_px=face.size)

    assert measured.face_px == pytest.approx(face.size, abs=0.1)
    assert abs(measured.yaw_deg) < 20
    assert abs(measured.pitch_deg) < 20
    assert abs(measured.roll_deg) < 10
    assert 0.2 < measured.blur < 0.5
    assert measured.too_dark < 0.1
    assert measured.too_bright < 0.1


@pytest.mark.parametrize(("factor", "dark", "bright"), [(0.1, 1, 0), (8.0, 0, 1)])
def test_a_picture_without_light_or_with_too_much_is_told(
    default_pack: Pack, astronaut_bgr: Image, factor: float, dark: int, bright: int
) -> None:
    (face,) = default_pack.detect(astronaut_bgr)
    portrait = np.clip(default_pack.portrait(astronaut_bgr, face) * factor, 0, 255).astype(np.uint8)

    measured = quality(portrait, face.landmarks, default_pack.layout, face_px=face.size)

    assert round(measured.too_dark) == dark
    assert round(measured.too_bright) == bright

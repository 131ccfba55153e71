"""The default pack as a whole: who is found, and whether templates tell people apart."""

import cv2
import dlib
import numpy as np
import pytest
from embedder.dlib_pack import CHIP_TEMPLATE, DlibPack
from embedder.pipeline import Image, Pack, Templates, main_face

from tests.unit.embedder.published_models import MODELS


def template_of(pack: Pack, image: Image) -> Templates:
    face = main_face(pack.detect(image), image)
    return np.asarray(pack.recognise([pack.align(image, face)])[0], np.float32)


def resized(image: Image, factor: float) -> Image:
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def test_a_template_has_128_values_and_length_one(default_pack: DlibPack, astronaut_bgr: Image) -> None:
    template = template_of(default_pack, astronaut_bgr)

    assert template.shape == (default_pack.manifest.dimension,) == (128,)
    assert template.dtype == np.float32
    assert np.linalg.norm(template) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("factor", [0.5, 0.75, 2.0, 5.0])
def test_a_person_is_recognised_at_every_size(default_pack: DlibPack, astronaut_bgr: Image, factor: float) -> None:
    expected = template_of(default_pack, astronaut_bgr)

    found = template_of(default_pack, resized(astronaut_bgr, factor))

    assert default_pack.manifest.calibration.similarity(float(found @ expected)) > 0.75


def test_faces_of_different_people_stay_below_the_threshold(default_pack: DlibPack, six_people: Image) -> None:
    faces = default_pack.detect(six_people)

    templates = default_pack.recognise([default_pack.align(six_people, face) for face in faces])

    cosines = (templates @ templates.T)[np.triu_indices(len(faces), 1)]
    assert len(faces) >= 5
    assert default_pack.manifest.calibration.similarity(float(cosines.max())) < 0.75


def test_a_face_that_the_fast_detector_misses_is_still_found(default_pack: DlibPack, astronaut_bgr: Image) -> None:
    small = resized(astronaut_bgr, 0.55)[20:110, 70:170]
    hog = dlib.get_frontal_face_detector()
    assert len(hog(np.ascontiguousarray(small[:, :, ::-1]))) == 0

    (face,) = default_pack.detect(small)

    assert 40 < face.size < 75


def test_the_aligned_face_is_dlibs_face_chip(default_pack: DlibPack, astronaut_bgr: Image) -> None:
    rgb = np.ascontiguousarray(astronaut_bgr[:, :, ::-1])
    (box,) = dlib.get_frontal_face_detector()(rgb)
    points = dlib.shape_predictor(str(MODELS / "shape_predictor_5_face_landmarks.dat"))(rgb, box)
    expected = dlib.get_face_chip(rgb, points)[:, :, ::-1].astype(float)

    (face,) = default_pack.detect(astronaut_bgr)
    chip = default_pack.align(astronaut_bgr, face).astype(float)

    assert chip.shape == expected.shape == (150, 150, 3)
    assert np.corrcoef(chip.ravel(), expected.ravel())[0, 1] > 0.98
    assert np.abs(CHIP_TEMPLATE - 75).max() < 75


def test_in_the_portrait_the_eyes_lie_where_arcface_puts_them(default_pack: DlibPack, astronaut_bgr: Image) -> None:
    (face,) = default_pack.detect(astronaut_bgr)

    portrait = default_pack.portrait(astronaut_bgr, face)

    eyes = portrait[44:60, 30:82].astype(float).mean()
    cheeks = portrait[66:82, 30:82].astype(float).mean()
    assert portrait.shape == (112, 112, 3)
    assert eyes < cheeks - 10  # eyes and brows are darker than the cheeks below them


def test_no_faces_make_no_templates(default_pack: DlibPack) -> None:
    assert default_pack.detect(np.full((120, 90, 3), 128, np.uint8)) == []
    assert default_pack.recognise([]).shape == (0, 128)


def test_a_replica_sees_what_the_original_sees(default_pack: DlibPack, astronaut_bgr: Image) -> None:
    replica = default_pack.replica()

    assert replica.detect(astronaut_bgr) == default_pack.detect(astronaut_bgr)
    assert np.array_equal(template_of(replica, astronaut_bgr), template_of(default_pack, astronaut_bgr))

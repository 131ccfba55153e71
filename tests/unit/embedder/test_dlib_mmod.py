"""The converted detector finds the faces that dlib finds, where dlib finds them."""

import cv2
import dlib
import numpy as np
import onnxruntime
import pytest
from embedder.dlib_format import NotADlibNetwork, read_network
from embedder.dlib_mmod import ScoredBox, Scorer, convert_mmod, find_faces
from embedder.pipeline import Box, Image
from embedder.session import session_options

from tests.unit.embedder.published_models import DETECTOR, RECOGNISER


@pytest.fixture(scope="module")
def score() -> Scorer:
    model = convert_mmod(read_network(DETECTOR.read_bytes()))
    session = onnxruntime.InferenceSession(model.SerializeToString(), session_options(), providers=["CPUExecutionProvider"])
    return lambda image: np.asarray(session.run(None, {"image": image})[0][0, 0], np.float32)


def faces_of_dlib(image: Image) -> list[ScoredBox]:
    found = dlib.cnn_face_detection_model_v1(str(DETECTOR))(np.ascontiguousarray(image[:, :, ::-1]))
    return [
        ScoredBox(Box(f.rect.left(), f.rect.top(), f.rect.right() + 1, f.rect.bottom() + 1), f.confidence) for f in found
    ]


def overlap(a: Box, b: Box) -> float:
    shared = max(min(a.right, b.right) - max(a.left, b.left), 0) * max(min(a.bottom, b.bottom) - max(a.top, b.top), 0)
    return shared / (a.area + b.area - shared)


def test_boxes_and_scores_are_dlibs(score: Scorer, astronaut_bgr: Image) -> None:
    twins = np.ascontiguousarray(np.hstack([astronaut_bgr[20:220, 120:320], astronaut_bgr[20:220, 300:120:-1]]))

    ours = find_faces(twins, score, threshold=0.0)

    theirs = faces_of_dlib(twins)
    assert len(ours) == len(theirs) == 2
    for face in theirs:
        nearest = max(ours, key=lambda other: overlap(other.box, face.box))
        assert overlap(nearest.box, face.box) > 0.65  # 0.69 is the next step of the pyramid
        assert nearest.score == pytest.approx(face.score, abs=0.1)


def test_one_face_is_found_once_at_any_size(score: Scorer, astronaut_bgr: Image) -> None:
    for side in (512, 800):
        image = np.asarray(cv2.resize(astronaut_bgr, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)

        (face,) = find_faces(image, score, threshold=0.0)

        expected = Box(*(edge * side / 512 for edge in (168, 65, 263, 160)))
        assert overlap(face.box, expected) > 0.7


def test_no_face_is_found_where_there_is_none(score: Scorer) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (200, 300, 3), dtype=np.uint8)

    assert find_faces(noise, score, threshold=0.0) == []
    assert find_faces(np.zeros((10, 500, 3), np.uint8), score, threshold=0.0) == []


def test_another_network_is_refused() -> None:
    with pytest.raises(NotADlibNetwork):
        convert_mmod(read_network(RECOGNISER.read_bytes()))

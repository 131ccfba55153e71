"""The converted recogniser gives what dlib gives, digit for digit."""

import dlib
import numpy as np
import onnxruntime
import pytest
from embedder.dlib_format import NotADlibNetwork, read_network
from embedder.dlib_resnet import convert_resnet
from embedder.session import session_options

from tests.unit.embedder.published_models import DETECTOR, RECOGNISER


@pytest.fixture(scope="module")
def converted() -> onnxruntime.InferenceSession:
    model = convert_resnet(read_network(RECOGNISER.read_bytes()))
    return onnxruntime.InferenceSession(model.SerializeToString(), session_options(), providers=["CPUExecutionProvider"])


def test_templates_differ_from_dlibs_by_less_than_a_millionth(
    converted: onnxruntime.InferenceSession, astronaut_bgr: np.ndarray
) -> None:
    original = dlib.face_recognition_model_v1(str(RECOGNISER))
    face = np.ascontiguousarray(astronaut_bgr[40:190, 145:295, ::-1])
    noise = np.random.default_rng(5).integers(0, 256, (150, 150, 3), dtype=np.uint8)

    for chip in (face, noise):
        (template,) = converted.run(None, {"image": chip.transpose(2, 0, 1)[None].astype(np.float32)})[0]
        assert np.abs(template - np.array(original.compute_face_descriptor(chip))).max() < 1e-6


def test_a_face_gets_the_same_template_alone_and_in_a_batch(converted: onnxruntime.InferenceSession) -> None:
    chips = np.random.default_rng(6).integers(0, 256, (3, 3, 150, 150)).astype(np.float32)

    together = converted.run(None, {"image": chips})[0]
    alone = np.concatenate([converted.run(None, {"image": chip[None]})[0] for chip in chips])

    assert np.abs(together - alone).max() < 1e-5


def test_another_network_is_refused() -> None:
    with pytest.raises(NotADlibNetwork):
        convert_resnet(read_network(DETECTOR.read_bytes()))

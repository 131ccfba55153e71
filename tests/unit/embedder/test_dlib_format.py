"""dlib's files are read to the last byte, or refused with the place where they stop making sense."""

import numpy as np
import pytest
from embedder.dlib_format import Network, NotADlibNetwork, read_network

from tests.unit.embedder.published_models import DETECTOR, RECOGNISER


@pytest.fixture(scope="module")
def detector() -> Network:
    return read_network(DETECTOR.read_bytes())


def test_the_detector_keeps_its_options_its_mean_colour_and_its_seven_convolutions(detector: Network) -> None:
    kinds = [layer.kind for layer in detector.layers]

    assert kinds == ["con_4", "bn_con2", "relu_"] * 6 + ["con_4"]
    assert (detector.loss["detector_width"], detector.loss["detector_height"]) == (80, 80)
    assert detector.mean_rgb == pytest.approx((122.782, 117.001, 104.298))
    assert detector.layers[0].tensors["filters"].shape == (16, 3, 5, 5)


def test_the_recogniser_has_29_convolutions_and_a_projection_to_128() -> None:
    network = read_network(RECOGNISER.read_bytes())

    assert sum(layer.kind == "con_4" for layer in network.layers) == 29
    assert network.layers[-1].tensors["weights"].shape == (256, 128)
    assert all(np.isfinite(tensor).all() for layer in network.layers for tensor in layer.tensors.values())


@pytest.mark.parametrize("size", [0, 1, 20, 300, 5000, 400_000])
def test_a_file_cut_short_is_refused(size: int) -> None:
    data = DETECTOR.read_bytes()[:size]

    with pytest.raises(NotADlibNetwork):
        read_network(data)


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(NotADlibNetwork, match="at byte"):
        read_network(b"\x89PNG\r\n\x1a\n" + bytes(1000))


def test_an_unknown_layer_is_refused_by_its_name() -> None:
    data = DETECTOR.read_bytes().replace(b"\x05relu_", b"\x05selu_", 1)

    with pytest.raises(NotADlibNetwork, match="selu_"):
        read_network(data)

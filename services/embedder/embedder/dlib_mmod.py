"""dlib's MMOD face detector: its network as an ONNX model, and how its scores become boxes.

The network looks for faces of one size (80 pixels); a pyramid of ever smaller pictures makes it find the larger ones.
Max-Margin Object Detection: King, 2015 (arXiv:1502.00046).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import onnx

from embedder.dlib_format import Layer, Network, NotADlibNetwork
from embedder.onnx_graph import OnnxGraph
from embedder.pipeline import Box, Image

WINDOW: Final = 80.0
"""Side of the face that the network looks for, in pixels (`detector_width` of the file)."""

NMS_IOU: Final = 0.3382761351109955
"""Boxes that overlap more are one face (`nms_iou` of the file)."""

_PYRAMID: Final = 5 / 6  # dlib: pyramid_down<6>
_MARGIN: Final = 11  # black pixels around each level, as around dlib's tiled pyramid
_SMALLEST: Final = 40  # below half of the window no face is found
_STRIDE: Final = 8
_OFFSET: Final = 14 - _MARGIN
"""Where the centre of the first score lies: half a filter for each of three strided convolutions, 2 × (1 + 2 + 4)."""


class Scorer(Protocol):
    """Runs the network: (1, 3, height, width) float32 RGB to (rows, columns) scores, one for every eighth pixel."""

    def __call__(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class ScoredBox:
    """A face as the network sees it; the score has no bound, dlib's own threshold is 0."""

    box: Box
    score: float


def convert_mmod(network: Network) -> onnx.ModelProto:
    """`image` is (batch, 3, height, width) float32, RGB, 0 to 255; `output` is (batch, 1, rows, columns).

    Raises NotADlibNetwork where the layers, the window or the overlap are not those of the detector.
    """
    found = network.loss.get("detector_width"), network.loss.get("detector_height"), network.loss.get("nms_iou")
    if found != (WINDOW, WINDOW, NMS_IOU):
        raise NotADlibNetwork("not the face detector")
    graph, value, layers = OnnxGraph(), "", list(network.layers)
    value = graph.normalised("image", network.mean_rgb)
    for index, layer in enumerate(layers):
        match layer.kind:
            case "con_4" if index + 1 < len(layers):
                gamma, beta = _affine_of(layers[index + 1])
                value = graph.convolution(value, layer, gamma=gamma, beta=beta)
            case "con_4":
                value = graph.convolution(value, layer)
            case "bn_con2":
                pass  # folded into the convolution before it
            case "relu_":
                value = graph.add("Relu", value)
            case other:
                raise NotADlibNetwork(f"layer {other!r} in the detector")
    return graph.model("dlib-mmod", value, inputs=["batch", 3, "height", "width"], outputs=["batch", 1, "rows", "columns"])


def _affine_of(layer: Layer) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """A trained batch normalisation is an affine layer."""
    if layer.kind != "bn_con2":
        raise NotADlibNetwork(f"layer {layer.kind!r} after a convolution of the detector")
    deviations = np.sqrt(layer.tensors["running_variances"] + np.float32(layer.numbers["eps"]))
    gamma = layer.tensors["gamma"] / deviations
    return gamma, layer.tensors["beta"] - gamma * layer.tensors["running_means"]


def find_faces(image: Image, score: Scorer, *, threshold: float) -> list[ScoredBox]:
    """The faces of at least 80 pixels with a score above the threshold, best first."""
    found: list[ScoredBox] = []
    for level, scale_x, scale_y in _levels(image):
        scores = score(_as_input(level))
        rows, columns = np.nonzero(scores > threshold)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            x, y = column * _STRIDE + _OFFSET, row * _STRIDE + _OFFSET
            half = WINDOW / 2
            box = Box((x - half) * scale_x, (y - half) * scale_y, (x + half) * scale_x, (y + half) * scale_y)
            found.append(ScoredBox(box, float(scores[row, column])))
    return _without_overlaps(sorted(found, key=lambda face: -face.score))


def _levels(image: Image) -> Iterator[tuple[Image, float, float]]:
    """The picture ever smaller, and by what a level's x and y have to be multiplied."""
    height, width = image.shape[:2]
    level = image
    while min(level.shape[:2]) >= _SMALLEST:
        rows, columns = level.shape[:2]
        yield level, width / columns, height / rows
        smaller = int(columns * _PYRAMID + 0.5), int(rows * _PYRAMID + 0.5)
        level = np.asarray(cv2.resize(level, smaller, interpolation=cv2.INTER_LINEAR), np.uint8)


def _as_input(level: Image) -> npt.NDArray[np.float32]:
    framed = cv2.copyMakeBorder(level, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_CONSTANT)
    return np.ascontiguousarray(framed[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)


def _without_overlaps(faces: list[ScoredBox]) -> list[ScoredBox]:
    kept: list[ScoredBox] = []
    for face in faces:
        if all(_iou(face.box, other.box) <= NMS_IOU for other in kept):
            kept.append(face)
    return kept


def _iou(a: Box, b: Box) -> float:
    """Intersection over union, from 0 to 1."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (a.area + b.area - shared)

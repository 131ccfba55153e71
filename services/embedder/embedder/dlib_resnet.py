"""dlib's face recogniser (a ResNet of 29 convolutions) as an ONNX model.

`image` is (batch, 3, 150, 150) float32, RGB, 0 to 255; `output` is (batch, 128) float32, not yet normalised.
"""

from dataclasses import dataclass

import numpy as np
import onnx

from embedder.dlib_format import Layer, Network, NotADlibNetwork
from embedder.onnx_graph import OnnxGraph, window

INPUT_SIDE = 150
DIMENSION = 128


@dataclass(frozen=True, slots=True)
class _Value:
    """The output of a node, and the shape that dlib's `add_prev` needs to know."""

    name: str
    channels: int
    side: int


def convert_resnet(network: Network) -> onnx.ModelProto:
    """Raises NotADlibNetwork where the layers are not those of the recogniser."""
    try:
        return _convert(network)
    except (KeyError, IndexError) as error:
        raise NotADlibNetwork(f"not the recogniser: {error}") from error


def _convert(network: Network) -> onnx.ModelProto:
    graph = OnnxGraph()
    value = _Value(graph.normalised("image", network.mean_rgb), 3, INPUT_SIDE)
    shortcut = other = value
    layers = list(network.layers)
    for index, layer in enumerate(layers):
        match layer.kind:
            case "con_4":
                affine = layers[index + 1]
                name = graph.convolution(value.name, layer, gamma=affine.tensors["gamma"], beta=affine.tensors["beta"])
                value = _Value(name, layer.integer("num_filters"), _side(value.side, layer))
            case "affine_":
                pass  # folded into the convolution before it
            case "relu_":
                value = _Value(graph.add("Relu", value.name), value.channels, value.side)
                if layers[index - 1].kind == "add_prev_":
                    shortcut = other = value
            case "max_pool_2":
                name = graph.add("MaxPool", value.name, **window(layer))
                shortcut = other = value = _Value(name, value.channels, _side(value.side, layer))
            case "avg_pool_2" if layer.integer("nr") == 0:
                value = _Value(graph.add("GlobalAveragePool", value.name), value.channels, 1)
            case "avg_pool_2":  # the shortcut of a block that halves the picture
                other = value
                name = graph.add("AveragePool", shortcut.name, **window(layer))
                value = _Value(name, shortcut.channels, _side(shortcut.side, layer))
            case "add_prev_":
                value = _sum(graph, value, other)
            case "fc_2":
                flat = graph.add("Flatten", value.name)
                value = _Value(graph.add("MatMul", flat, graph.constant(layer.tensors["weights"])), DIMENSION, 1)
            case other_kind:
                raise NotADlibNetwork(f"layer {other_kind!r} in the recogniser")
    return graph.model("dlib-resnet", value.name, inputs=["batch", 3, INPUT_SIDE, INPUT_SIDE], outputs=["batch", DIMENSION])


def _side(side: int, layer: Layer) -> int:
    return 1 + (side + 2 * layer.integer("padding_y") - layer.integer("nr")) // layer.integer("stride_y")


def _sum(graph: OnnxGraph, a: _Value, b: _Value) -> _Value:
    """dlib adds tensors of unequal shape as if the missing channels, rows and columns were zero."""
    channels, side = max(a.channels, b.channels), max(a.side, b.side)
    name = graph.add("Add", _padded(graph, a, channels, side), _padded(graph, b, channels, side))
    return _Value(name, channels, side)


def _padded(graph: OnnxGraph, value: _Value, channels: int, side: int) -> str:
    if (value.channels, value.side) == (channels, side):
        return value.name
    after = side - value.side
    pads = np.array([0, 0, 0, 0, 0, channels - value.channels, after, after], np.int64)
    return graph.add("Pad", value.name, graph.constant(pads))

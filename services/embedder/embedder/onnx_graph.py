"""Writes down an ONNX graph node by node: what both converters of dlib's networks build on."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from embedder.dlib_format import Layer, Tensor

_OPSET = 17
_IR_VERSION = 8
_SCALE = np.float32(1 / 256)


class OnnxGraph:
    """A graph with one input and one output; every method adds nodes and returns the name of their output."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, **attributes: int | str | Sequence[int]) -> str:
        name = f"{operator.lower()}_{len(self._nodes)}"
        node = helper.make_node(operator, list(inputs), [name])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self._nodes.append(node)
        return name

    def constant(self, value: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def normalised(self, image: str, mean_rgb: Sequence[float]) -> str:
        """As dlib's input layers do it: the mean colour subtracted, then divided by 256."""
        mean = self.constant(np.array(mean_rgb, np.float32).reshape(1, 3, 1, 1))
        return self.add("Mul", self.add("Sub", image, mean), self.constant(_SCALE.reshape(1)))

    def convolution(self, source: str, layer: Layer, *, gamma: Tensor | None = None, beta: Tensor | None = None) -> str:
        """A `con_4` layer, and folded into it the affine layer that follows: `gamma` × result + `beta`."""
        filters, biases = layer.tensors["filters"], layer.tensors["biases"]
        if gamma is not None and beta is not None:
            filters, biases = filters * gamma[:, None, None, None], biases * gamma + beta
        return self.add("Conv", source, self.constant(filters), self.constant(biases), **window(layer))

    def model(self, name: str, output: str, *, inputs: Sequence[int | str], outputs: Sequence[int | str]) -> onnx.ModelProto:
        """The checked model; `inputs`, `outputs`: the shapes of `image` and `output`. Raises onnx's ValidationError."""
        self._nodes.append(helper.make_node("Identity", [output], ["output"]))
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, list(inputs))],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, list(outputs))],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = _IR_VERSION
        onnx.checker.check_model(model)
        return model


def window(layer: Layer) -> dict[str, list[int]]:
    """The attributes of a layer that slides over the picture."""
    integer = layer.integer
    vertical, horizontal = integer("padding_y"), integer("padding_x")
    return {
        "kernel_shape": [integer("nr"), integer("nc")],
        "strides": [integer("stride_y"), integer("stride_x")],
        "pads": [vertical, horizontal, vertical, horizontal],
    }

"""A tiny insightface pack of two networks made by hand: a detector that takes a green dot for the middle of a face, and a
recogniser that projects the coarse colours of the aligned face. For the loading path, where real weights may not ship."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

DIMENSION = 32
FACE_CELLS = 10
"""Side of a found face in cells of the finest stride, 8 pixels of the detector's input."""

_STRIDES = (8, 16, 32)
_ANCHORS = 2
_CHANNELS = {"score": 1, "bbox": 4, "kps": 10}
_TEMPLATE = np.array([[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]], np.float32)

Array = npt.NDArray[np.float32]


def picture(identity: int, *, side: int = 320, dot: int = 24, noise: float = 0.0) -> npt.NDArray[np.uint8]:
    """A square of coloured blocks that belong to `identity`, a green dot of `dot` pixels in the middle; BGR."""
    blocks = np.random.default_rng(identity).uniform(0, 255, (16, 16, 3)).astype(np.float32)
    image = cv2.resize(blocks, (side, side), interpolation=cv2.INTER_LINEAR)
    image += np.random.default_rng(identity + 1000).normal(0, noise, image.shape)
    at = (side - dot) // 2
    image[at : at + dot, at : at + dot] = (0, 255, 0)
    return np.clip(image, 0, 255).astype(np.uint8)


def write_pack(folder: Path) -> Path:
    """A folder as insightface publishes them: the file names decide nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(detector(), str(folder / "det_dot.onnx"))
    onnx.save(recogniser(), str(folder / "rec_blocks.onnx"))
    return folder


def detector() -> onnx.ModelProto:
    """SCRFD's nine outputs. Only stride 8 scores: 1 where a whole cell is green; boxes and points are constant."""
    green = np.array([-1, 1, -1], np.float32).reshape(1, 3, 1, 1)  # 3 for pure green, at most 1 for any other pure colour
    nodes = [helper.make_node("Conv", ["image", "green"], ["greenness"], kernel_shape=[1, 1])]
    constants = [numpy_helper.from_array(green, "green")]
    points = (_TEMPLATE - 56) / 112 * FACE_CELLS
    values = {"bbox": np.full(4, FACE_CELLS / 2, np.float32), "kps": points.reshape(-1).astype(np.float32)}
    for stride in _STRIDES:
        window = {"kernel_shape": [stride, stride], "strides": [stride, stride]}
        nodes.append(helper.make_node("AveragePool", ["greenness"], [f"cells_{stride}"], **window))
        for name, width in _CHANNELS.items():
            slope = 1.0 if name == "score" and stride == _STRIDES[0] else 0.0
            bias = np.full(1, -2 * slope, np.float32) if name == "score" else values[name]
            weights = np.full((_ANCHORS * width, 1, 1, 1), slope, np.float32)
            output = f"{name}_{stride}"
            constants += [
                numpy_helper.from_array(weights, f"{output}/w"),
                numpy_helper.from_array(np.tile(bias, _ANCHORS), f"{output}/b"),
                numpy_helper.from_array(np.array([-1, width]), f"{output}/shape"),
            ]
            nodes += [
                helper.make_node("Conv", [f"cells_{stride}", f"{output}/w", f"{output}/b"], [f"{output}/maps"]),
                helper.make_node("Transpose", [f"{output}/maps"], [f"{output}/rows"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"{output}/rows", f"{output}/shape"], [output]),
            ]
    outputs = [(f"{name}_{stride}", ["cells", width]) for name, width in _CHANNELS.items() for stride in _STRIDES]
    return _model(nodes, ("image", [1, 3, "height", "width"]), outputs, constants)


def recogniser() -> onnx.ModelProto:
    """Blocks of 8 pixels, a convolution, a PReLU, and a projection to `DIMENSION` values."""
    rng = np.random.default_rng(11)
    projection = rng.normal(0, 0.1, (8, 14, 14, DIMENSION)).astype(np.float32)
    projection[:, 4:10, 4:10] = 0  # the dot, which all faces have in common
    constants = [
        numpy_helper.from_array(rng.normal(0, 0.5, (8, 3, 1, 1)).astype(np.float32), "w"),
        numpy_helper.from_array(rng.uniform(0.7, 1.3, (8, 1, 1)).astype(np.float32), "slope"),
        numpy_helper.from_array(projection.reshape(-1, DIMENSION), "projection"),
    ]
    nodes = [
        helper.make_node("AveragePool", ["face"], ["blocks"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Conv", ["blocks", "w"], ["mixed"], kernel_shape=[1, 1]),
        helper.make_node("PRelu", ["mixed", "slope"], ["bent"]),
        helper.make_node("Flatten", ["bent"], ["flat"]),
        helper.make_node("MatMul", ["flat", "projection"], ["features"]),
    ]
    return _model(nodes, ("face", ["batch", 3, 112, 112]), [("features", ["batch", DIMENSION])], constants)


def _model(
    nodes: list[onnx.NodeProto],
    source: tuple[str, list[int | str]],
    outputs: list[tuple[str, list[int | str]]],
    constants: list[onnx.TensorProto],
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "synthetic",
        [helper.make_tensor_value_info(source[0], TensorProto.FLOAT, source[1])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model

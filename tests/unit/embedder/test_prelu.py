"""The rewritten graph computes what the PReLU graph computes."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from embedder.prelu import rewrite_prelu
from onnx import TensorProto, helper, numpy_helper

CHANNELS = 8
Array = npt.NDArray[np.float32]


def network(slope: Array, *, ir_version: int = 8) -> onnx.ModelProto:
    """Two convolutions, each with the same PReLU."""
    rng = np.random.default_rng(3)
    first = rng.normal(0, 0.4, (CHANNELS, 3, 3, 3)).astype(np.float32)
    second = rng.normal(0, 0.4, (CHANNELS, CHANNELS, 1, 1)).astype(np.float32)
    constants = [numpy_helper.from_array(value, name) for value, name in ((first, "w1"), (second, "w2"), (slope, "slope"))]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 16, 16])]
    if ir_version < 4:
        inputs += [helper.make_tensor_value_info(c.name, TensorProto.FLOAT, list(c.dims)) for c in constants]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w1"], ["c1"]),
            helper.make_node("PRelu", ["c1", "slope"], ["p1"]),
            helper.make_node("Conv", ["p1", "w2"], ["c2"]),
            helper.make_node("PRelu", ["c2", "slope"], ["y"]),
        ],
        "two layers",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", CHANNELS, 14, 14])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = ir_version
    return model


def run(model: onnx.ModelProto) -> Array:
    pictures = np.random.default_rng(4).normal(0, 2, (3, 3, 16, 16)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": pictures})[0])


def slopes(*shape: int) -> Array:
    """Some above 1, some below 0, as trained ones are."""
    return np.random.default_rng(5).normal(0.4, 0.5, shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(CHANNELS, 1, 1), (1, CHANNELS, 1, 1)])
@pytest.mark.parametrize("ir_version", [3, 8])
def test_the_rewritten_network_gives_the_same_values(shape: tuple[int, ...], ir_version: int) -> None:
    model = network(slopes(*shape), ir_version=ir_version)
    before = run(model)

    rewritten = rewrite_prelu(model)

    assert rewritten == 2
    onnx.checker.check_model(model, full_check=True)
    assert Counter(node.op_type for node in model.graph.node) == {"Conv": 6, "Relu": 2, "Add": 2}
    np.testing.assert_allclose(run(model), before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(1,), (1, 1, 1), (CHANNELS, 14, 14), (CHANNELS, 14, 1)])
def test_a_slope_that_is_not_one_a_channel_stays_as_it_is(shape: tuple[int, ...]) -> None:
    model = network(slopes(*shape))
    before = model.SerializeToString()

    assert rewrite_prelu(model) == 0

    assert model.SerializeToString() == before

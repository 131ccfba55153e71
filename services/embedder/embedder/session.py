"""How onnxruntime runs a model here: on which device, with how many threads, and what is optimised ahead of time."""

from pathlib import Path
from typing import Final

import onnx
import onnxruntime
from onnx import TensorProto, helper

from embedder.prelu import rewrite_prelu

_GPU: Final = "CUDAExecutionProvider"
_CPU: Final = "CPUExecutionProvider"
_ERRORS_ONLY: Final = 3
_PROBE_OPSET, _PROBE_IR = 17, 8  # old enough for every onnxruntime that we run on


def providers() -> list[str]:
    """The GPU first where this onnxruntime is built for one; it falls back to the CPU by itself where none is found."""
    return [_GPU, _CPU] if _GPU in onnxruntime.get_available_providers() else [_CPU]


def session_options() -> onnxruntime.SessionOptions:
    """One thread a run, the caller's own: workers are as many as cores, and runs of one session may overlap."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def open_session(model: Path) -> onnxruntime.InferenceSession:
    """A session that threads may share. Raises onnxruntime's own exceptions for a file that is no model."""
    return _session(str(model))


def gpu_present() -> bool:
    """Whether sessions really run on a GPU here: a GPU build of onnxruntime without a GPU runs them on the CPU."""
    return providers()[0] == _GPU and _probe().get_providers()[0] == _GPU


def _probe() -> onnxruntime.InferenceSession:
    """A session of the smallest network."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "probe",
        [value("x", TensorProto.FLOAT, [1])],
        [value("y", TensorProto.FLOAT, [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _PROBE_OPSET)])
    model.ir_version = _PROBE_IR
    return _session(model.SerializeToString())


def _session(model: str | bytes) -> onnxruntime.InferenceSession:
    wanted = providers()
    if wanted[0] == _GPU:
        onnxruntime.preload_dlls()  # CUDA and cuDNN where they are installed as Python packages
    return onnxruntime.InferenceSession(model, session_options(), providers=wanted)


def save_optimised(source: Path, target: Path) -> None:
    """Write the same network with constants folded, layers fused and PReLU rewritten, as plain ONNX.

    What depends on the machine (blocked layouts of the CPU at hand) is left to `open_session`: it takes 5 ms there, and a
    pack that was prepared on one machine runs on every other. Raises onnxruntime's or onnx's exceptions.
    """
    options = session_options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(str(source), options, providers=[_CPU])
    model = onnx.load(str(target))
    if rewrite_prelu(model):
        onnx.checker.check_model(model)
        onnx.save(model, str(target))

"""Sessions as every pack opens them, and what is written down ahead of them."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from embedder.session import gpu_present, open_session, save_optimised, session_options

from tests.unit.embedder.synthetic_pack import recogniser


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "published.onnx"
    onnx.save(recogniser(), str(path))
    return path


def test_a_run_takes_one_thread() -> None:
    options = session_options()

    assert options.intra_op_num_threads == options.inter_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_the_optimised_network_computes_the_same(published: Path, tmp_path: Path) -> None:
    optimised = tmp_path / "optimised.onnx"
    faces = np.random.default_rng(9).uniform(-1, 1, (3, 3, 112, 112)).astype(np.float32)

    save_optimised(published, optimised)

    expected, found = (open_session(path).run(None, {"face": faces})[0] for path in (published, optimised))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_optimised_network_runs_on_any_machine(published: Path, tmp_path: Path) -> None:
    optimised = tmp_path / "optimised.onnx"

    save_optimised(published, optimised)

    assert {node.domain for node in onnx.load(str(optimised)).graph.node} <= {"", "ai.onnx"}


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model")

    with pytest.raises(Exception, match=r"text\.onnx"):
        open_session(tmp_path / "text.onnx")


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="a GPU build")
def test_a_cpu_build_has_no_gpu() -> None:
    assert not gpu_present()

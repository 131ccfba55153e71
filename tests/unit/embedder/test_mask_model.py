"""A mask network in a pack: checked when it is added, asked instead of the colours."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from embedder.adding import Declared, PackRefused, pack_add
from embedder.manifest import PackDamaged
from embedder.mask_model import MASK_FILE, MaskModel
from embedder.registry import open_pack, pack_show, packs_folder
from onnx import TensorProto, helper, numpy_helper

from tests.unit.embedder.synthetic_pack import picture, write_pack

DARK, BRIGHT = np.full((112, 112, 3), 20, np.uint8), np.full((112, 112, 3), 230, np.uint8)
BLUE = np.zeros((112, 112, 3), np.uint8)
BLUE[:, :, 0] = 255  # BGR


def ignore(_what: str, _done: float) -> None:
    """No progress bar."""


def network(folder: Path, *, slope: float = 1.0, ending: str = "Sigmoid") -> Path:
    """Takes whatever is bluer than 100 for a mask: the third channel of RGB."""
    blue = np.array([0, 0, slope], np.float32).reshape(1, 3, 1, 1)
    nodes = [
        helper.make_node("GlobalAveragePool", ["face"], ["colour"]),
        helper.make_node("Conv", ["colour", "blue", "bias"], ["score"]),
        helper.make_node(ending, ["score"], ["mask"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mask",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["batch", 3, 112, 112])],
        [helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", 1, 1, 1])],
        [numpy_helper.from_array(blue, "blue"), numpy_helper.from_array(np.array([-100.0 * slope], np.float32), "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    file = folder / "tells_masks.onnx"
    onnx.save(model, str(file))
    return file


def test_it_tells_by_the_probability_and_sees_rgb(tmp_path: Path) -> None:
    model = MaskModel.load(network(tmp_path))

    assert [model.wears_mask(portrait) for portrait in (DARK, BRIGHT, BLUE)] == [False, True, True]
    assert not model.wears_mask(np.ascontiguousarray(BLUE[:, :, ::-1]))
    assert 0 <= model.probability(DARK) < 0.5


@pytest.mark.parametrize("damage", ["text", "no probability"])
def test_what_is_no_mask_model_is_refused(tmp_path: Path, damage: str) -> None:
    file = network(tmp_path, ending="Abs")
    if damage == "text":
        file.write_text("not a network")

    with pytest.raises(PackDamaged, match="tells_masks"):
        MaskModel.load(file)


def added(folder: Path, mask_model: Path | None) -> None:
    sample = folder / "sample.png"
    cv2.imwrite(str(sample), picture(1))
    declared = Declared("masky", "MIT", "Any use.")
    source = write_pack(folder / "published")
    pack_add(source, folder, declared, progress=ignore, sample=sample, mask_model=mask_model)


def test_a_pack_that_carries_one_asks_it(tmp_path: Path) -> None:
    added(tmp_path, network(tmp_path))

    pack = open_pack("masky", tmp_path, ignore)

    assert MASK_FILE in pack_show("masky", tmp_path).files
    assert [pack.wears_mask(portrait) for portrait in (DARK, BRIGHT)] == [False, True]


def test_a_pack_without_one_goes_by_the_colours(tmp_path: Path) -> None:
    added(tmp_path, None)

    pack = open_pack("masky", tmp_path, ignore)

    assert MASK_FILE not in pack_show("masky", tmp_path).files
    assert not pack.wears_mask(BRIGHT)


def test_a_pack_with_a_damaged_one_is_not_registered(tmp_path: Path) -> None:
    file = network(tmp_path)
    file.write_text("not a network")

    with pytest.raises(PackRefused, match="not a mask model"):
        added(tmp_path, file)

    assert not (packs_folder(tmp_path) / "masky").exists()

"""From a folder of insightface models to a registered pack: checked, optimised, with its terms and its calibration."""

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from embedder import drawn_masks
from embedder.adding import Declared, PackRefused, pack_add
from embedder.insightface_pack import DETECTOR_FILE, RECOGNISER_FILE
from embedder.known_calibrations import ASSUMED_ARCFACE
from embedder.manifest import Manifest, PackKind
from embedder.pipeline import Image
from embedder.registry import open_pack, packs_folder
from onnx import helper

from tests.unit.embedder.conftest import no_progress
from tests.unit.embedder.synthetic_pack import DIMENSION, picture, write_pack

MINE = Declared("mine", "MIT", "Any use.")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "published")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.png"
    cv2.imwrite(str(path), picture(1))
    return path


def add(source: Path, sample: Path, tmp_path: Path, declared: Declared = MINE, people: Path | None = None) -> Manifest:
    return pack_add(source, tmp_path / "data", declared, progress=no_progress, sample=sample, calibrate_on=people)


def write_people(folder: Path, *, people: int) -> Path:
    for person in range(people):
        (folder / f"p{person}").mkdir(parents=True)
        for shot in range(2):
            cv2.imwrite(str(folder / f"p{person}" / f"{shot}.png"), picture(person, noise=4.0 * shot))
    return folder


def test_the_manifest_tells_what_was_added(source: Path, sample: Path, tmp_path: Path) -> None:
    manifest = add(source, sample, tmp_path)

    assert manifest.kind is PackKind.INSIGHTFACE
    assert (manifest.name, manifest.licence, manifest.terms) == ("mine", "MIT", "Any use.")
    assert (manifest.dimension, manifest.input_size) == (DIMENSION, 112)
    assert (manifest.input_mean, manifest.input_std) == (127.5, 127.5)
    assert set(manifest.files) == {DETECTOR_FILE, RECOGNISER_FILE}
    assert manifest.calibration == ASSUMED_ARCFACE
    manifest.verify(packs_folder(tmp_path / "data") / "mine")


def test_the_registered_recogniser_has_no_prelu_left(source: Path, sample: Path, tmp_path: Path) -> None:
    add(source, sample, tmp_path)

    model = onnx.load(str(packs_folder(tmp_path / "data") / "mine" / RECOGNISER_FILE))
    assert "PRelu" not in {node.op_type for node in model.graph.node}


def test_the_source_folder_stays_as_it_is(source: Path, sample: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in source.iterdir()}

    add(source, sample, tmp_path)

    assert {path.name: path.read_bytes() for path in source.iterdir()} == before


def test_the_model_id_follows_the_published_recogniser(source: Path, sample: Path, tmp_path: Path) -> None:
    first = add(source, sample, tmp_path)
    again = add(source, sample, tmp_path)
    recogniser = source / "rec_blocks.onnx"
    model = onnx.load(str(recogniser))
    model.doc_string = "another training run"
    onnx.save(model, str(recogniser))

    changed = add(source, sample, tmp_path)

    assert first.model_id == again.model_id != changed.model_id
    assert open_pack("mine", tmp_path / "data", no_progress).manifest == changed


def test_a_folder_of_people_calibrates(source: Path, sample: Path, tmp_path: Path) -> None:
    people = write_people(tmp_path / "people", people=8)

    manifest = add(source, sample, tmp_path, people=people)

    assert manifest.calibration != ASSUMED_ARCFACE
    assert "8 pairs of one person and 28 pairs of two people" in manifest.calibrated_on


def test_calibration_fits_a_curve_for_each_number_of_masks(
    source: Path, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noisy(image: Image, *_: object) -> Image:
        """Drawn masks cover all that the synthetic detector goes by."""
        return np.asarray(image // 2 * 2, np.uint8)

    monkeypatch.setattr(drawn_masks, "with_mask", noisy)

    manifest = add(source, sample, tmp_path, people=write_people(tmp_path / "people", people=8))

    assert "masks drawn on" in manifest.calibrated_on
    assert manifest.mask_curves is not None
    assert manifest.face_model().curve(True, True) == manifest.mask_curves.both
    assert manifest.face_model().curve(True, False) == manifest.mask_curves.one


def test_a_pack_that_finds_no_masked_faces_has_one_curve_and_says_so(source: Path, sample: Path, tmp_path: Path) -> None:
    manifest = add(source, sample, tmp_path, people=write_people(tmp_path / "people", people=8))

    assert manifest.calibration != ASSUMED_ARCFACE
    assert manifest.mask_curves is None
    assert "masked faces not at all" in manifest.calibrated_on


def test_a_pack_that_nobody_calibrated_judges_masked_faces_as_bare_ones(source: Path, sample: Path, tmp_path: Path) -> None:
    model = add(source, sample, tmp_path).face_model()

    assert model.mask_curves is None
    assert model.curve(True, True) == model.curve(False, False) == ASSUMED_ARCFACE


def test_too_few_people_are_refused_and_nothing_is_registered(source: Path, sample: Path, tmp_path: Path) -> None:
    people = write_people(tmp_path / "people", people=1)

    with pytest.raises(PackRefused, match="two people"):
        add(source, sample, tmp_path, people=people)

    assert list(packs_folder(tmp_path / "data").iterdir()) == []


def without_detector(source: Path) -> None:
    (source / "det_dot.onnx").unlink()


def without_recogniser(source: Path) -> None:
    (source / "rec_blocks.onnx").unlink()


def with_a_damaged_file(source: Path) -> None:
    (source / "rec_blocks.onnx").write_bytes(b"not a network")


def with_a_recogniser_of_another_size(source: Path) -> None:
    model = onnx.load(str(source / "rec_blocks.onnx"))
    for axis in (2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 160
    del model.graph.node[3:]
    model.graph.node.append(helper.make_node("GlobalAveragePool", ["bent"], ["features"]))
    onnx.save(model, str(source / "rec_blocks.onnx"))


def emptied(source: Path) -> None:
    shutil.rmtree(source)
    source.mkdir()


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (without_detector, "a face detector and a face recogniser"),
        (without_recogniser, "a face detector and a face recogniser"),
        (emptied, "a face detector and a face recogniser"),
        (shutil.rmtree, "no such folder"),
        (with_a_damaged_file, "rec_blocks.onnx"),
        (with_a_recogniser_of_another_size, "multiple of 112 or 128"),
    ],
)
def test_an_unfit_folder_is_refused_with_the_reason(
    source: Path, sample: Path, tmp_path: Path, damage: Callable[[Path], None], why: str
) -> None:
    damage(source)

    with pytest.raises(PackRefused, match=why):
        add(source, sample, tmp_path)


def test_a_detector_that_finds_nothing_is_refused(source: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.png"
    cv2.imwrite(str(empty), picture(1, dot=0))

    with pytest.raises(PackRefused, match="finds no face"):
        add(source, empty, tmp_path)


@pytest.mark.parametrize("name", ["dlib", "../up", "Upper", "", "with space"])
def test_an_unfit_name_is_refused(source: Path, sample: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(PackRefused, match="name"):
        add(source, sample, tmp_path, Declared(name, "MIT", "Any use."))

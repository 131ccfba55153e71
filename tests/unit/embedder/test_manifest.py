"""A pack is what its manifest says, or it is refused."""

from pathlib import Path

import pytest
from embedder.known_calibrations import ASSUMED_ARCFACE, DEFAULT_PACK
from embedder.manifest import Manifest, PackDamaged, PackKind, hash_files, model_id_of
from pydantic import ValidationError


def manifest_of(folder: Path, **changes: object) -> Manifest:
    (folder / "weights.onnx").write_bytes(b"weights")
    fields: dict[str, object] = {
        "name": "mine",
        "kind": PackKind.INSIGHTFACE,
        "model_id": "mine-00000000",
        "files": hash_files(folder, ["weights.onnx"]),
        "licence": "MIT",
        "terms": "Any use.",
        "dimension": 512,
        "input_size": 112,
        "detection_threshold": 0.5,
        "calibration": ASSUMED_ARCFACE,
        "calibrated_on": "nothing yet",
    }
    return Manifest.model_validate(fields | changes)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path)

    manifest.save(tmp_path)

    assert Manifest.load(tmp_path) == manifest


def test_an_untouched_pack_verifies_and_a_changed_or_missing_file_is_named(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path)
    manifest.verify(tmp_path)

    (tmp_path / "weights.onnx").write_bytes(b"weightz")
    with pytest.raises(PackDamaged, match=r"weights\.onnx: SHA-256"):
        manifest.verify(tmp_path)

    (tmp_path / "weights.onnx").unlink()
    with pytest.raises(PackDamaged, match=r"weights\.onnx: No such file"):
        manifest.verify(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "not json"])
def test_a_broken_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)

    with pytest.raises(PackDamaged, match=r"manifest\.json"):
        Manifest.load(tmp_path)


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackDamaged):
        Manifest.load(tmp_path)


@pytest.mark.parametrize("name", ["../outside.onnx", "/etc/passwd", "sub/weights.onnx", "manifest.json"])
def test_files_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValidationError):
        manifest_of(tmp_path, files={name: "0" * 64})


def test_a_model_id_changes_with_the_weights_and_with_what_is_done_to_the_face() -> None:
    ids = {
        model_id_of("mine", {"a": "1"}),
        model_id_of("mine", {"a": "2"}),
        model_id_of("mine", {"a": "1"}, flip=True),
        model_id_of("mine", {"b": "1"}),
    }

    assert len(ids) == 4
    assert all(model_id.startswith("mine-") and len(model_id) == 13 for model_id in ids)
    assert model_id_of("mine", {"a": "1", "b": "2"}) == model_id_of("mine", {"b": "2", "a": "1"})


def test_the_store_gets_the_curve_and_the_licence(tmp_path: Path) -> None:
    model = manifest_of(tmp_path, calibration=DEFAULT_PACK).face_model()

    assert (model.model_id, model.dimension, model.licence) == ("mine-00000000", 512, "MIT")
    assert model.calibration == DEFAULT_PACK

"""The default pack is built once, whole or not at all, whoever else is building it."""

import threading
from pathlib import Path

import pytest
from embedder import default_pack
from embedder.default_pack import ensure_default_pack
from embedder.manifest import Manifest, PackDamaged


def ignore(_what: str, _done: float) -> None:
    """No progress bar."""


def test_the_second_start_builds_nothing(tmp_path: Path) -> None:
    first = ensure_default_pack(tmp_path / "default", ignore)
    written = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "default").iterdir()}

    steps: list[str] = []
    second = ensure_default_pack(tmp_path / "default", lambda what, _: steps.append(what))

    assert second == first
    assert steps == ["Default pack is ready"]
    assert {file.name: file.stat().st_mtime_ns for file in (tmp_path / "default").iterdir()} == written


def test_progress_rises_to_one(tmp_path: Path) -> None:
    done: list[float] = []

    ensure_default_pack(tmp_path / "default", lambda _, part: done.append(part))

    assert done == sorted(done)
    assert (done[0], done[-1]) == (0.0, 1.0)


def test_a_damaged_pack_is_built_anew(tmp_path: Path) -> None:
    manifest = ensure_default_pack(tmp_path / "default", ignore)
    (tmp_path / "default" / "recogniser.onnx").write_bytes(b"half a file")

    again = ensure_default_pack(tmp_path / "default", ignore)

    assert again == manifest
    again.verify(tmp_path / "default")
    assert [entry.name for entry in tmp_path.iterdir()] == ["default"]


def test_two_that_start_at_once_find_the_same_pack(tmp_path: Path) -> None:
    together = threading.Barrier(3)
    found: list[Manifest] = []

    def start() -> None:
        together.wait()
        found.append(ensure_default_pack(tmp_path / "default", ignore))

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 3
    assert found[0] == found[1] == found[2]
    found[0].verify(tmp_path / "default")
    assert [entry.name for entry in tmp_path.iterdir()] == ["default"]


def test_models_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "dlib_face_recognition_resnet_model_v1.dat").write_bytes(b"not these")
    monkeypatch.setattr(default_pack, "_models_folder", lambda: tmp_path / "models")

    with pytest.raises(PackDamaged, match="not the published file"):
        ensure_default_pack(tmp_path / "default", ignore)

    assert not (tmp_path / "default").exists()

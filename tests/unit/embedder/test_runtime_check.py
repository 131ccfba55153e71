"""The CPU and the GPU build of a library never stand beside each other."""

from pathlib import Path

import pytest
from embedder.runtime_check import check_runtime
from wajah.runtime_check import RuntimeUnfit, installed_one_of


def install(folder: Path, name: str) -> None:
    """What importlib.metadata takes for an installed package."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")


def test_this_installation_has_exactly_one_onnxruntime() -> None:
    check_runtime()


def test_the_one_that_is_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "wajah-test-gpu")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert installed_one_of("wajah-test", "wajah-test-gpu") == "wajah-test-gpu"


def test_none_is_told_in_one_line() -> None:
    with pytest.raises(RuntimeUnfit) as caught:
        installed_one_of("wajah-test", "wajah-test-gpu")

    assert "none of wajah-test, wajah-test-gpu is installed" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_are_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "wajah-test")
    install(tmp_path, "wajah-test-gpu")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(RuntimeUnfit) as caught:
        installed_one_of("wajah-test", "wajah-test-gpu")

    assert str(caught.value).startswith("wajah-test and wajah-test-gpu overwrite each other")
    assert "\n" not in str(caught.value)

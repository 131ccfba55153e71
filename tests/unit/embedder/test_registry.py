"""Packs by name: what is opened is what was registered, unchanged."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from embedder.dlib_pack import DlibPack
from embedder.insightface_pack import DETECTOR_FILE, RECOGNISER_FILE, InsightFacePack
from embedder.manifest import Manifest, PackDamaged, PackKind
from embedder.registry import PackUnknown, open_pack, pack_list, pack_show, packs_folder

from tests.unit.embedder.conftest import no_progress
from tests.unit.embedder.synthetic_pack import picture


@pytest.fixture
def copied(data: Path, tmp_path: Path) -> Path:
    """A data folder of this test's own."""
    shutil.copytree(packs_folder(data), packs_folder(tmp_path))
    return tmp_path


def test_a_registered_pack_opens_by_its_name(data: Path) -> None:
    pack = open_pack("synthetic", data, no_progress)

    assert isinstance(pack, InsightFacePack)
    assert pack.manifest == pack_show("synthetic", data)
    assert len(pack.detect(picture(1))) == 1


def test_an_empty_data_folder_has_no_packs(tmp_path: Path) -> None:
    assert pack_list(tmp_path) == []


def test_packs_are_listed_by_name(data: Path) -> None:
    assert [manifest.name for manifest in pack_list(data)] == ["synthetic"]


def test_the_default_pack_is_built_where_it_is_missing_and_then_listed(tmp_path: Path) -> None:
    told: list[float] = []

    pack = open_pack("dlib", tmp_path, lambda _what, done: told.append(done))

    assert isinstance(pack, DlibPack)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert [manifest.name for manifest in pack_list(tmp_path)] == ["dlib"]


@pytest.mark.parametrize("name", ["another", "../packs/synthetic", "", "."])
def test_an_unknown_name_is_told_with_the_known_ones(data: Path, name: str) -> None:
    with pytest.raises(PackUnknown, match="there are: dlib, synthetic"):
        open_pack(name, data, no_progress)


@pytest.mark.parametrize("file", [DETECTOR_FILE, RECOGNISER_FILE])
def test_a_changed_file_is_refused_by_its_name(copied: Path, file: str) -> None:
    path = packs_folder(copied) / "synthetic" / file
    path.write_bytes(path.read_bytes()[:-1] + b"?")

    with pytest.raises(PackDamaged, match=file):
        open_pack("synthetic", copied, no_progress)


def test_a_missing_file_is_refused_by_its_name(copied: Path) -> None:
    (packs_folder(copied) / "synthetic" / RECOGNISER_FILE).unlink()

    with pytest.raises(PackDamaged, match=RECOGNISER_FILE):
        pack_show("synthetic", copied)


def test_a_pack_of_another_kind_than_its_files_is_refused(copied: Path) -> None:
    folder = packs_folder(copied) / "synthetic"
    Manifest.load(folder).model_copy(update={"kind": PackKind.DLIB}).save(folder)

    with pytest.raises(PackDamaged, match="kind"):
        open_pack("synthetic", copied, no_progress)


def test_a_template_is_the_same_after_opening_again(data: Path) -> None:
    image = picture(5)

    first, second = (open_pack("synthetic", data, no_progress) for _ in range(2))

    np.testing.assert_array_equal(*(p.recognise([p.align(image, p.detect(image)[0])]) for p in (first, second)))

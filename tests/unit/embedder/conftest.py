"""Packs that several tests of the embedder open: the synthetic one, and the default pack, built once a run."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage
from embedder.adding import SAMPLE, Declared, pack_add
from embedder.insightface_pack import InsightFacePack
from embedder.manifest import Manifest
from embedder.pipeline import Image, Pack
from embedder.registry import open_pack, packs_folder

from tests.unit.embedder.synthetic_pack import picture, write_pack


def no_progress(_what: str, _done: float) -> None:
    """For callers that don't watch."""


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the synthetic pack registered as `synthetic`."""
    folder = tmp_path_factory.mktemp("data")
    source = write_pack(folder / "published")
    sample = folder / "sample.png"
    cv2.imwrite(str(sample), picture(1))
    pack_add(source, folder, Declared("synthetic", "MIT", "Any use."), progress=no_progress, sample=sample)
    return folder


@pytest.fixture(scope="session")
def synthetic(data: Path) -> InsightFacePack:
    folder = packs_folder(data) / "synthetic"
    return InsightFacePack.open(folder, Manifest.load(folder))


@pytest.fixture(scope="session")
def default_pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return open_pack("dlib", tmp_path_factory.mktemp("default"), no_progress)


@pytest.fixture(scope="session")
def astronaut() -> bytes:
    """Eileen Collins, 512 × 512 PNG; a NASA photograph that comes with scikit-image, in the public domain."""
    return (Path(skimage.__file__).parent / "data" / "astronaut.png").read_bytes()


@pytest.fixture(scope="session")
def astronaut_bgr(astronaut: bytes) -> Image:
    """The same picture, decoded: one face of 96 pixels."""
    return np.asarray(cv2.imdecode(np.frombuffer(astronaut, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.fixture(scope="session")
def six_people() -> Image:
    """1280 × 886, six different people; comes with insightface."""
    return np.asarray(cv2.imread(str(SAMPLE), cv2.IMREAD_COLOR), np.uint8)

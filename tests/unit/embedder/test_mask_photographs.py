"""The measurement of mask detection, on pictures of which one knows what is told."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from embedder.adding import Declared, pack_add
from embedder.evaluation import NotAFaceFolder
from embedder.mask_photographs import Split, Told, measure_masks
from embedder.masking import any_mask, with_mask
from embedder.pipeline import Image, Pack
from embedder.registry import open_pack

from tests.unit.embedder.measuring_data import measuring_data

EMPTY = np.full((120, 120, 3), 127, np.uint8)


def ignore(_what: str, _done: float) -> None:
    """No progress bar."""


@pytest.fixture
def folder(tmp_path: Path, default_pack: Pack, astronaut_bgr: Image) -> Path:
    """Four pictures of each kind; in the second half one masked face is bare, and one bare picture has no face."""
    (face,) = default_pack.detect(astronaut_bgr)
    masked = with_mask(astronaut_bgr, face, default_pack.layout, any_mask(1))
    for name, images in {
        "masked": [astronaut_bgr, astronaut_bgr, masked, astronaut_bgr],
        "unmasked": [EMPTY, EMPTY, astronaut_bgr, EMPTY],
    }.items():
        (tmp_path / name).mkdir()
        for number, image in enumerate(images):
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), image)
    return tmp_path


def test_the_second_half_is_counted(default_pack: Pack, folder: Path) -> None:
    figures = measure_masks(default_pack, folder, Split.TEST, threads=2, progress=ignore)

    assert figures.masked == Told(pictures=2, found=2, masked=1)
    assert figures.bare == Told(pictures=2, found=1, masked=0)
    assert (figures.masks_noticed, figures.false_alarms, figures.balanced_accuracy) == (0.5, 0.0, 0.75)


def test_all_are_counted_where_that_is_asked(default_pack: Pack, folder: Path) -> None:
    done: list[float] = []

    figures = measure_masks(default_pack, folder, Split.ALL, threads=1, progress=lambda _, part: done.append(part))

    assert figures.masked == Told(pictures=4, found=4, masked=1)
    assert figures.bare.pictures == 4
    assert done[-1] == 1.0


def test_a_folder_without_both_kinds_is_refused(default_pack: Pack, folder: Path) -> None:
    for file in (folder / "unmasked").iterdir():
        file.unlink()

    with pytest.raises(NotAFaceFolder, match="unmasked"):
        measure_masks(default_pack, folder, Split.TEST, threads=1, progress=ignore)
    with pytest.raises(NotAFaceFolder, match="masked"):
        measure_masks(default_pack, folder / "nowhere", Split.TEST, threads=1, progress=ignore)


def test_the_colours_reach_their_goal_on_photographs_that_they_were_not_fitted_on(tmp_path: Path) -> None:
    masks, packs = (measuring_data(part, "mask detection of a SCRFD pack on photographs") for part in ("masks", "packs"))
    pack_add(packs / "mbf_prelu", tmp_path, Declared("mbf", "unknown", "Research."), progress=ignore)

    figures = measure_masks(open_pack("mbf", tmp_path, ignore), masks, Split.TEST, threads=2, progress=ignore)

    assert figures.balanced_accuracy > 0.95
    assert figures.masked.found > 0.9 * figures.masked.pictures

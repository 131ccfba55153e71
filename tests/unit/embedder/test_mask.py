"""Mask or no mask, from the colours of drawn faces and, where they are at hand, of real ones."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from embedder.decode import decode
from embedder.mask import features, wears_mask
from embedder.pipeline import Pack, Portrait, main_face
from embedder.registry import open_pack

from tests.unit.embedder.measuring_data import measuring_data

FITTED_ON = 200  # names of the mask collection up to this number
SKINS = [(150, 180, 224), (120, 150, 198), (90, 120, 170), (60, 85, 130)]  # BGR


def drawn(skin: tuple[int, int, int], *, cover: tuple[int, int, int] | None = None) -> Portrait:
    """An oval of skin with eyes and lips, its lower half covered or not."""
    face = np.full((112, 112, 3), 100, np.uint8)
    cv2.ellipse(face, (56, 60), (44, 56), 0, 0, 360, skin, -1)
    for x in (38, 74):
        cv2.circle(face, (x, 52), 4, (30, 30, 30), -1)
    cv2.ellipse(face, (56, 92), (15, 5), 0, 0, 360, (skin[0] - 20, skin[1] - 35, skin[2]), -1)
    if cover is not None:
        cv2.rectangle(face, (12, 68), (100, 112), cover, -1)
    return np.asarray(cv2.GaussianBlur(face, (5, 5), 0), np.uint8)


@pytest.mark.parametrize("skin", SKINS)
def test_a_bare_face_wears_no_mask(skin: tuple[int, int, int]) -> None:
    assert not wears_mask(drawn(skin))


@pytest.mark.parametrize("cover", [(235, 225, 200), (240, 240, 240), (25, 25, 25), (180, 120, 60)])
@pytest.mark.parametrize("skin", SKINS)
def test_a_covered_lower_face_wears_a_mask(skin: tuple[int, int, int], cover: tuple[int, int, int]) -> None:
    assert wears_mask(drawn(skin, cover=cover))


def test_what_lies_outside_of_the_picture_is_no_mask() -> None:
    face = drawn(SKINS[0])
    face[70:] = 0

    assert not features(face).any()
    assert not wears_mask(face)


def test_real_masks_are_told_from_bare_faces(tmp_path: Path) -> None:
    folder = measuring_data("masks", "mask detection on photographs")
    pack = open_pack("dlib", tmp_path, lambda _what, _done: None)

    masked = shares(pack, folder / "masked")
    bare = shares(pack, folder / "unmasked")

    assert (masked + 1 - bare) / 2 > 0.93


def shares(pack: Pack, folder: Path) -> float:
    """Share of mask wearers among every fifth picture that the weights were not fitted on."""
    told = []
    for path in sorted(folder.iterdir())[FITTED_ON::5]:
        image = decode(path.read_bytes(), field="image").pixels
        faces = pack.detect(image)
        if faces:
            told.append(wears_mask(pack.portrait(image, main_face(faces, image))))
    assert len(told) > 20
    return float(np.mean(told))

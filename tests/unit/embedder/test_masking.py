"""Drawn masks: they cover what a mask covers, and nothing else."""

import numpy as np
import pytest
from embedder.masking import any_mask, with_mask
from embedder.pipeline import Image, Pack, main_face


@pytest.fixture(scope="module")
def masked(default_pack: Pack, astronaut_bgr: Image) -> tuple[Image, Image]:
    """Portraits of one face, bare and masked."""
    face = main_face(default_pack.detect(astronaut_bgr), astronaut_bgr)
    image = with_mask(astronaut_bgr, face, default_pack.layout, any_mask(1))
    return default_pack.portrait(astronaut_bgr, face), default_pack.portrait(image, face)


def test_mouth_and_chin_are_covered_and_the_eyes_are_not(masked: tuple[Image, Image]) -> None:
    bare, covered = (portrait.astype(int) for portrait in masked)

    assert np.abs(bare - covered)[84:104, 40:72].mean() > 30
    assert not np.abs(bare - covered)[:50].any()


def test_the_rest_of_the_picture_is_untouched(default_pack: Pack, astronaut_bgr: Image) -> None:
    face = main_face(default_pack.detect(astronaut_bgr), astronaut_bgr)

    image = with_mask(astronaut_bgr, face, default_pack.layout, any_mask(2))

    changed = np.argwhere((image != astronaut_bgr).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert top > face.box.top
    assert bottom < face.box.bottom + 0.5 * face.size
    assert left > face.box.left - 0.3 * face.size
    assert right < face.box.right + 0.3 * face.size


def test_a_face_at_the_edge_of_a_picture_can_be_masked(default_pack: Pack, astronaut_bgr: Image) -> None:
    face = main_face(default_pack.detect(astronaut_bgr), astronaut_bgr)
    cut = astronaut_bgr[: int(face.box.bottom) - 10, : int(face.box.right) - 10]

    image = with_mask(cut, face, default_pack.layout, any_mask(3))

    assert image.shape == cut.shape
    assert (image != cut).any()


def test_masks_are_many_and_each_seed_has_its_own() -> None:
    masks = [any_mask(seed) for seed in range(200)]

    assert masks == [any_mask(seed) for seed in range(200)]
    assert len({(mask.outline, mask.colour) for mask in masks}) > 20


def test_a_drawn_mask_is_noticed(default_pack: Pack, masked: tuple[Image, Image]) -> None:
    bare, covered = masked

    assert not default_pack.wears_mask(bare)
    assert default_pack.wears_mask(covered)

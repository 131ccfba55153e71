"""What the demonstration tries, and how it reads a folder."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from embedder.pipeline import Image
from standalone.demo import Outcome, Probe, altered, from_folder, stranger
from standalone.photographs import Portrait
from standalone.variants import VARIANTS, jpeg


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(0).integers(0, 255, (80, 100, 3), dtype=np.uint8)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_another_picture(variant: object, image: Image) -> None:
    assert callable(variant)

    picture = cv2.imdecode(np.frombuffer(variant(image), np.uint8), cv2.IMREAD_COLOR)

    assert picture is not None
    assert picture.shape != image.shape or np.abs(picture.astype(int) - image).mean() > 10


def test_every_alteration_is_tried_in_turn(image: Image) -> None:
    people = [Portrait.of(f"person {number}", image) for number in range(7)]

    kinds = [probe.kind for probe in altered(people)]

    assert kinds[:5] == ["mirrored", "darkened", "recompressed", "smaller", "tilted"]
    assert kinds[5:] == kinds[:2]


def test_a_stranger_is_answered_rightly_only_as_unregistered(image: Image) -> None:
    probe = stranger(Portrait.of("a stranger", image))

    assert Outcome(probe, "unregistered", 0.2, 1.0).right
    assert not Outcome(probe, "somebody", 0.9, 1.0).right


def test_the_first_picture_of_a_person_enrols_and_the_others_are_tried(tmp_path: Path, image: Image) -> None:
    for name, count in (("ani", 3), ("budi", 1), ("nobody", 0)):
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"{number}.jpg").write_bytes(jpeg(image))

    people, probes = from_folder(tmp_path)

    assert [person.name for person in people] == ["ani", "budi"]
    assert [(probe.person.name, probe.kind) for probe in probes if probe.person] == [
        ("ani", "1.jpg"),
        ("ani", "2.jpg"),
        ("budi", "mirrored"),
    ]


def test_a_folder_without_people_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder in it holds a \.jpg"):
        from_folder(tmp_path)


def test_who_is_found_as_somebody_else_was_not_found(image: Image) -> None:
    probe = Probe(Portrait.of("ani", image), "mirrored", b"")

    assert not Outcome(probe, "budi", 0.9, 1.0).right

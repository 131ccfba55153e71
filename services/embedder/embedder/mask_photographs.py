"""Measures on photographs of real masks how many faces a pack finds, and how often it tells rightly who wears a mask.

A folder holds `masked/` and `unmasked/`. The first half of each, in order of names, belongs to whoever fits something; the
second half is for tests.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from embedder.evaluation import NotAFaceFolder, Progress, own_replica, pictures_in, read
from embedder.pipeline import Pack, main_face


class Split(StrEnum):
    """Which pictures count."""

    TEST = "test"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of the pictures of one kind."""

    pictures: int
    found: int
    """Pictures in which a face was found."""
    masked: int
    """How many of these were told to wear a mask."""


@dataclass(frozen=True, slots=True)
class MaskFigures:
    """What was measured; rates are from 0 to 1."""

    masked: Told
    bare: Told

    @property
    def masks_noticed(self) -> float:
        """Share of the masked faces that were found."""
        return self.masked.masked / max(1, self.masked.found)

    @property
    def false_alarms(self) -> float:
        """Share of the bare faces that were found."""
        return self.bare.masked / max(1, self.bare.found)

    @property
    def balanced_accuracy(self) -> float:
        """Mean of both kinds' shares of right answers, among the faces that were found."""
        return (self.masks_noticed + 1 - self.false_alarms) / 2


def measure_masks(pack: Pack, folder: Path, split: Split, *, threads: int, progress: Progress) -> MaskFigures:
    """Raises NotAFaceFolder where `masked` or `unmasked` is missing or empty."""
    masked, bare = (_chosen(folder / name, split) for name in ("masked", "unmasked"))
    own = own_replica(pack)
    with ThreadPoolExecutor(threads, thread_name_prefix="evaluate") as executor:
        answers = []
        for done, answer in enumerate(executor.map(lambda path: _told(own, path), [*masked, *bare]), 1):
            progress(f"{done} of {len(masked) + len(bare)} pictures", done / (len(masked) + len(bare)))
            answers.append(answer)
    return MaskFigures(_counted(answers[: len(masked)]), _counted(answers[len(masked) :]))


def _chosen(folder: Path, split: Split) -> list[Path]:
    pictures = pictures_in(folder)
    if not pictures:
        raise NotAFaceFolder(f"{folder}: no pictures")
    return pictures[len(pictures) // 2 :] if split is Split.TEST else pictures


def _told(own: Callable[[], Pack], path: Path) -> bool | None:
    """Whether the main face was told to wear a mask; None where no face is found."""
    pack, image = own(), read(path)
    faces = [] if image is None else pack.detect(image)
    if image is None or not faces:
        return None
    return pack.wears_mask(pack.portrait(image, main_face(faces, image)))


def _counted(answers: list[bool | None]) -> Told:
    return Told(len(answers), sum(each is not None for each in answers), sum(each is True for each in answers))

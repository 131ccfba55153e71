"""Measures a model pack on a folder of faces: how often it is right, and whether its similarities mean what they say.

Every subfolder is a person: with two pictures or more they are *mated*, with one a *stranger*. Terms and rates as in
ISO/IEC 19795-1: FMR and TAR (1 - FNMR) for comparisons, FPIR and TPIR for searches, with a match where the score reaches the
threshold.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from embedder.calibration import THRESHOLD_SIMILARITY, cosine_at_fmr
from embedder.pipeline import Image, Pack, Templates, main_face

RATES: Final = (1e-2, 1e-3, 1e-4)
FPIR: Final = 0.01

_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png"})

Progress = Callable[[str, float], None]
Dress = Callable[[Pack, Image, Path], Image | None]
"""Another picture made of a picture, or None where that can't be done."""


class Seen(NamedTuple):
    """The main face of a picture: a template of shape (dimension,), and whether it is told to wear a mask."""

    template: Templates
    masked: bool


Embed = Callable[[Path], Seen | None]
"""What is seen in a picture; None where no face is found. Called from several threads at once."""


class NotAFaceFolder(Exception):
    """The folder can't be evaluated; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The templates of a folder."""

    templates: Templates
    people: npt.NDArray[np.intp]
    """Who is on each picture, as an index."""
    first: npt.NDArray[np.bool_]
    """Whether it is the person's first picture."""
    missed: tuple[Path, ...]
    """Pictures in which no face was found."""
    pictures: npt.NDArray[np.intp]
    """Which picture of the folder each is."""
    masked: npt.NDArray[np.bool_]
    """Whether the face was told to wear a mask."""

    def genuine(self) -> npt.NDArray[np.float32]:
        """Cosines of all pairs of pictures of one person."""
        order = np.argsort(self.people, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(self.people[order])) + 1)
        pairs = np.array([pair for group in groups for pair in combinations(group.tolist(), 2)], np.intp).reshape(-1, 2)
        return np.asarray(np.einsum("nd,nd->n", self.templates[pairs[:, 0]], self.templates[pairs[:, 1]]), np.float32)

    def impostor(self) -> npt.NDArray[np.float32]:
        """Cosines of the first pictures of all pairs of people."""
        firsts = self.templates[self.first]
        return np.asarray((firsts @ firsts.T)[np.triu_indices(len(firsts), 1)], np.float32)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured; rates are from 0 to 1."""

    model_id: str
    pictures: int
    mated_people: int
    strangers: int
    missed: tuple[Path, ...]
    genuine: npt.NDArray[np.float32]
    impostor: npt.NDArray[np.float32]
    tar_at_fmr: dict[float, float]
    cosine_at_fmr: dict[float, float]
    fmr_at_default: float
    """Observed at similarity 0.75, where 1e-4 is documented."""
    tar_at_default: float
    rank_1: float
    """Share of searches whose best candidate is the right person; one picture of each mated person is enrolled."""
    tpir: float | None
    """Share of searches that find the right person first, above the threshold at which 1 % of the strangers are found to be
    someone; None without strangers."""


def evaluate(pack: Pack, folder: Path, *, threads: int, progress: Progress) -> Evaluation:
    """Raises NotAFaceFolder where there are no two pictures of one person, or no two people."""
    return measure(gather(embed_with(pack), folder, threads=threads, progress=progress), pack)


def own_replica(pack: Pack) -> Callable[[], Pack]:
    """Gives each thread that calls it a replica of its own."""
    own = threading.local()

    def replica() -> Pack:
        if not hasattr(own, "pack"):
            own.pack = pack.replica()
        replica: Pack = own.pack
        return replica

    return replica


def embed_with(pack: Pack, *, dress: Dress | None = None) -> Embed:
    """The whole pipeline of a pack, on pictures as they are or as `dress` makes them."""
    own = own_replica(pack)

    def embed(path: Path) -> Seen | None:
        replica, image = own(), read(path)
        if image is not None and dress is not None:
            image = dress(replica, image, path)
        faces = replica.detect(image) if image is not None else []
        if image is None or not faces:
            return None
        face = main_face(faces, image)
        template = np.asarray(replica.recognise([replica.align(image, face)])[0], np.float32)
        return Seen(template, replica.wears_mask(replica.portrait(image, face)))

    return embed


def gather(embed: Embed, folder: Path, *, threads: int, progress: Progress) -> Gathered:
    """The templates of all pictures. Raises NotAFaceFolder where there are none of two people."""
    people = [pictures_in(person) for person in _people(folder)]
    pictures = [(index, path) for index, paths in enumerate(people) for path in paths]
    seen: list[Seen] = []
    whose: list[int] = []
    which: list[int] = []
    missed: list[Path] = []
    with ThreadPoolExecutor(threads, thread_name_prefix="evaluate") as executor:
        found = executor.map(lambda picture: embed(picture[1]), pictures)
        for number, ((person, path), face) in enumerate(zip(pictures, found, strict=True)):
            progress(f"{number + 1} of {len(pictures)} pictures", (number + 1) / len(pictures))
            if face is None:
                missed.append(path)
            else:
                seen.append(face)
                whose.append(person)
                which.append(number)
    if len(set(whose)) < 2:
        raise NotAFaceFolder(f"{folder}: faces of at least two people are needed, each in a subfolder")
    owners = np.array(whose, np.intp)
    first = np.concatenate([[True], np.diff(owners) != 0])
    return Gathered(
        templates=np.stack([face.template for face in seen]),
        people=owners,
        first=first,
        missed=tuple(missed),
        pictures=np.array(which, np.intp),
        masked=np.array([face.masked for face in seen], bool),
    )


def measure(gathered: Gathered, pack: Pack) -> Evaluation:
    genuine, impostor = gathered.genuine(), gathered.impostor()
    if not len(genuine):
        raise NotAFaceFolder("no person has two pictures with a face")
    thresholds = {rate: cosine_at_fmr(impostor, rate) for rate in RATES}
    default = pack.manifest.calibration.cosine(THRESHOLD_SIMILARITY)
    rank_1, tpir, strangers = _search(gathered)
    return Evaluation(
        model_id=pack.manifest.model_id,
        pictures=len(gathered.people) + len(gathered.missed),
        mated_people=len(np.unique(gathered.people)) - strangers,
        strangers=strangers,
        missed=gathered.missed,
        genuine=genuine,
        impostor=impostor,
        tar_at_fmr={rate: _share(genuine, cosine) for rate, cosine in thresholds.items()},
        cosine_at_fmr=thresholds,
        fmr_at_default=_share(impostor, default),
        tar_at_default=_share(genuine, default),
        rank_1=rank_1,
        tpir=tpir,
    )


def _search(gathered: Gathered) -> tuple[float, float | None, int]:
    """Rank-1 rate, TPIR, and the number of strangers."""
    _, index, counts = np.unique(gathered.people, return_inverse=True, return_counts=True)
    mated = counts[index] > 1
    enrolled, probes, strangers = gathered.first & mated, ~gathered.first, gathered.first & ~mated
    gallery = gathered.templates[enrolled]
    scores = gathered.templates[probes] @ gallery.T
    right = gathered.people[enrolled][scores.argmax(axis=1)] == gathered.people[probes]
    if not strangers.any():
        return float(right.mean()), None, 0
    threshold = cosine_at_fmr((gathered.templates[strangers] @ gallery.T).max(axis=1), FPIR)
    tpir = float((right & (scores.max(axis=1) >= threshold)).mean())
    return float(right.mean()), tpir, int(strangers.sum())


def pictures_in(folder: Path) -> list[Path]:
    """In order of names. Raises NotAFaceFolder where there is no such folder."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    except OSError as error:
        raise NotAFaceFolder(f"{folder}: {error.strerror}") from error


def _people(folder: Path) -> Sequence[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir())
    except OSError as error:
        raise NotAFaceFolder(f"{folder}: {error.strerror}") from error


def read(path: Path) -> Image | None:
    """The upright picture (OpenCV honours EXIF's orientation); None where it can't be read."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, np.uint8)


def _share(scores: npt.NDArray[np.float32], cosine: float) -> float:
    return float((scores >= cosine).mean())

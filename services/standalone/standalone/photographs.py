"""Real photographs that installed packages bring along: what the demo enrols when it is given no folder."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from embedder.pipeline import DetectedFace, Image

from standalone.variants import jpeg

MARGIN = 0.6  # of the face on each side: hair and shoulders, as on a portrait

Detect = Callable[[Image], list[DetectedFace]]


@dataclass(frozen=True, slots=True)
class Portrait:
    """A person, one picture of them (upright BGR), and the file that is uploaded."""

    name: str
    image: Image
    upload: bytes

    @classmethod
    def of(cls, name: str, image: Image) -> Self:
        return cls(name, image, jpeg(image))


def package_file(package: str, *parts: str) -> Path:
    """A file of an installed package, found without importing it. Raises FileNotFoundError."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(package)
    path = Path(spec.origin).parent.joinpath(*parts)
    if not path.is_file():
        raise FileNotFoundError(str(path))
    return path


def read(path: Path) -> Image:
    """An image file as upright BGR. Raises FileNotFoundError when it can't be read."""
    image = cv2.imread(str(path))
    if image is None:
        raise FileNotFoundError(str(path))
    return np.asarray(image, np.uint8)


def group(detect: Detect) -> list[Portrait]:
    """The people of insightface's sample photograph, numbered from left to right."""
    image = read(package_file("insightface", "data", "images", "t1.jpg"))
    faces = sorted(detect(image), key=lambda face: face.box[0])
    return [Portrait.of(f"group, no. {number}", crop(image, face)) for number, face in enumerate(faces, 1)]


def astronaut(detect: Detect) -> Portrait:
    """scikit-image's astronaut: Eileen Collins, photographed by NASA."""
    image = read(package_file("skimage", "data", "astronaut.png"))
    return Portrait.of("astronaut", crop(image, max(detect(image), key=lambda face: face.score)))


def stranger() -> Portrait:
    """A small grey portrait that insightface brings for its mask renderer; nobody enrols it."""
    image = read(package_file("insightface", "data", "images", "Tom_Hanks_54745.png"))
    border = image.shape[0] // 2
    padded = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE)
    return Portrait.of(
        "a stranger", np.asarray(cv2.resize(padded, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
    )


def crop(image: Image, face: DetectedFace) -> Image:
    """The face with a margin, as far as the picture reaches."""
    left, top, right, bottom = face.box
    margin = MARGIN * max(right - left, bottom - top)
    rows = slice(max(0, round(top - margin)), round(bottom + margin))
    columns = slice(max(0, round(left - margin)), round(right + margin))
    return image[rows, columns].copy()

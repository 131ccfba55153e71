"""What every model pack can do: find faces, align them, and turn them into templates.

Everything here blocks and is called from executor threads, never from the event loop.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from embedder.manifest import Manifest

Image = npt.NDArray[np.uint8]
"""An upright picture: (height, width, 3), BGR."""

Crop = npt.NDArray[np.uint8]
"""An aligned face as the pack's recogniser takes it: (input_size, input_size, 3), BGR."""

Portrait = npt.NDArray[np.uint8]
"""A face aligned to ArcFace's template, whatever the pack: (112, 112, 3), BGR."""

Landmarks = npt.NDArray[np.float32]
"""The pack's five points of a face, (5, 2), x and y in pixels of the image. Their order is the pack's own: only `align` and
`portrait` of the pack that found them understand them."""

Templates = npt.NDArray[np.float32]
"""(n, dimension), each row L2-normalised."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a pack's landmarks are: five points of a mean face that looks straight ahead, in pixels of the portrait."""

    portrait: npt.NDArray[np.float32]
    """(5, 2): where they lie, x and y."""
    depth: npt.NDArray[np.float32]
    """(5,): how far each stands out before the pupils; the nose stands out most."""


class Box(NamedTuple):
    """Edges in pixels of the image, possibly outside of it."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """A face in an image."""

    box: Box
    score: float
    """How sure the detector is, in its own unit; higher is surer."""
    landmarks: Landmarks = field(repr=False, compare=False)

    @property
    def size(self) -> float:
        """Height of the box in pixels, roughly from brow to chin: what the size gate looks at."""
        return self.box.bottom - self.box.top


def main_face(faces: Sequence[DetectedFace], image: Image) -> DetectedFace:
    """Whom the picture shows: the largest face, and among faces of nearly the same size the most central.

    "Nearly" is half as much area again: one step of a detector's pyramid (6/5 in width and height), below which it can't
    tell sizes apart. Raises ValueError where there is no face.
    """
    largest = max(face.box.area for face in faces)
    height, width = image.shape[:2]

    def off_centre(face: DetectedFace) -> float:
        box = face.box
        return math.hypot(box.left + box.right - width, box.top + box.bottom - height)

    return min((face for face in faces if face.box.area * 1.5 >= largest), key=off_centre)


class Pack(Protocol):
    """A loaded model pack. One thread at a time uses a pack: `replica` gives every further worker thread its own."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def layout(self) -> Layout: ...

    def detect(self, image: Image) -> list[DetectedFace]:
        """The faces of the image, best first; empty where there is none. May try harder when nothing was found at first."""
        ...

    def closer_looks(self, image: Image) -> Iterator[list[DetectedFace]]:
        """The faces found by looking harder than `detect` where a small one is expected, each look slower than the last."""
        ...

    def align(self, image: Image, face: DetectedFace) -> Crop: ...

    def recognise(self, crops: Sequence[Crop]) -> Templates:
        """One template a crop, in order."""
        ...

    def portrait(self, image: Image, face: DetectedFace) -> Portrait: ...

    def wears_mask(self, portrait: Portrait) -> bool: ...

    def replica(self) -> Self:
        """The same pack for another thread. Replicas share what is safe to share: weights, and onnxruntime sessions."""
        ...

"""Runs the default pack: dlib's detectors and landmarks, and its recogniser on onnxruntime.

The fast HOG detector looks first; where it finds nothing the MMOD network looks closer, at up to twice the size.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

import cv2
import dlib
import numpy as np
import numpy.typing as npt
import onnxruntime

from embedder.align import ARCFACE_TEMPLATE, PORTRAIT_SIDE, Points, cut
from embedder.dlib_mmod import find_faces
from embedder.dlib_resnet import INPUT_SIDE
from embedder.manifest import Manifest
from embedder.pipeline import Box, Crop, DetectedFace, Image, Landmarks, Portrait, Templates
from embedder.session import open_session

RECOGNISER, DETECTOR, LANDMARKS = "recogniser.onnx", "detector.onnx", "landmarks.dat"

HOG_LONG_SIDE: Final = 800
"""The HOG detector sees pictures at most this large: 43 ms, and faces from a tenth of the long side."""

MMOD_LONG_SIDE: Final = 1280
"""The MMOD network sees pictures at most this large, enlarged up to `MMOD_ENLARGED` times."""

MMOD_ENLARGED: Final = (2.0, 4.0)
"""Tried in turn until a face is found: faces from 40 pixels, then from 20, which are too small to use but there."""

MMOD_FRAME: Final = 0.2
"""The picture's edge pixels are drawn out by this part of its shorter side, so that a face that fills the picture fits the
network's window: it finds 98 % of tightly cut faces instead of 93 %."""

HOG_THRESHOLD: Final = 0.0
"""dlib's own; the manifest's detection threshold is for the MMOD network, which sees only what this detector missed."""

_FACE_SIDE: Final = 150
_FACE_SQUARE: Points = np.array([[75, 75], [225, 75], [225, 225], [75, 225]], np.float32)
"""Landmarks are sought in a square of 300 pixels with the face's box in the middle: dlib rounds its points to whole pixels,
and its predictor should see every face alike, however large the picture."""

_CHIP_PADDING: Final = 0.25
_MEAN_POINTS: Points = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
"""dlib's mean face: outer and inner corner of the eye at the picture's right, of the other eye, base of the nose."""

CHIP_TEMPLATE: Points = (_CHIP_PADDING + _MEAN_POINTS) / (2 * _CHIP_PADDING + 1) * INPUT_SIDE
"""Where the points lie in the recogniser's input (`get_face_chip`)."""


def _on_arcface(points: Points) -> Points:
    """dlib's mean face, moved so that its eyes lie on ArcFace's."""
    left, right = points[2:4].mean(axis=0), points[0:2].mean(axis=0)
    arc_left, arc_right = ARCFACE_TEMPLATE[0], ARCFACE_TEMPLATE[1]
    scale = np.linalg.norm(arc_right - arc_left) / np.linalg.norm(right - left)
    return np.asarray((arc_left + arc_right) / 2 + (points - (left + right) / 2) * scale)


PORTRAIT_TEMPLATE: Points = _on_arcface(_MEAN_POINTS)


class DlibPack:
    """A `Pack` of dlib's models. The HOG detector keeps state while it runs: one replica a thread; the rest is shared."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        recogniser: onnxruntime.InferenceSession,
        detector: onnxruntime.InferenceSession,
        predictor: Callable[[Image, dlib.rectangle], dlib.full_object_detection],
    ) -> None:
        self._manifest = manifest
        self._recogniser = recogniser
        self._detector = detector
        self._predictor = predictor
        self._hog = dlib.get_frontal_face_detector()

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises PackDamaged where the manifest is missing or wrong; files are checked by `Manifest.verify`, not here."""
        return cls(
            Manifest.load(folder),
            recogniser=open_session(folder / RECOGNISER),
            detector=open_session(folder / DETECTOR),
            predictor=dlib.shape_predictor(str(folder / LANDMARKS)),
        )

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def replica(self) -> Self:
        return type(self)(self._manifest, recogniser=self._recogniser, detector=self._detector, predictor=self._predictor)

    def detect(self, image: Image) -> list[DetectedFace]:
        boxes = self._detect_hog(image) or self._detect_closer(image)
        return [DetectedFace(box, score, self._landmarks(image, box)) for box, score in boxes]

    def align(self, image: Image, face: DetectedFace) -> Crop:
        return cut(image, face.landmarks, CHIP_TEMPLATE, INPUT_SIDE)

    def portrait(self, image: Image, face: DetectedFace) -> Portrait:
        return cut(image, face.landmarks, PORTRAIT_TEMPLATE, PORTRAIT_SIDE)

    def recognise(self, crops: Sequence[Crop]) -> Templates:
        if not crops:
            return np.empty((0, self._manifest.dimension), np.float32)
        rgb = np.stack(crops)[:, :, :, ::-1].transpose(0, 3, 1, 2)
        output = self._embed(rgb)
        if self._manifest.flip:
            output = output + self._embed(rgb[:, :, :, ::-1])
        return np.asarray(output / np.linalg.norm(output, axis=1, keepdims=True), np.float32)

    def _embed(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        return np.asarray(self._recogniser.run(None, {"image": np.ascontiguousarray(rgb, np.float32)})[0], np.float32)

    def _detect_hog(self, image: Image) -> list[tuple[Box, float]]:
        small, scale = _scaled(image, HOG_LONG_SIDE, enlarged=1.0)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        rectangles, scores, _ = self._hog.run(grey, 0, HOG_THRESHOLD)
        return [
            (Box(r.left() * scale, r.top() * scale, (r.right() + 1) * scale, (r.bottom() + 1) * scale), score)
            for r, score in zip(rectangles, scores, strict=True)
        ]

    def _detect_closer(self, image: Image) -> list[tuple[Box, float]]:
        largest = MMOD_LONG_SIDE / max(image.shape[:2])
        for factor in sorted({min(enlarged, largest) for enlarged in MMOD_ENLARGED}):
            if boxes := self._detect_mmod(image, factor):
                return boxes
        return []

    def _detect_mmod(self, image: Image, enlarged: float) -> list[tuple[Box, float]]:
        seen, scale = _scaled(image, MMOD_LONG_SIDE, enlarged=enlarged)
        frame = round(MMOD_FRAME * min(seen.shape[:2]))
        framed = np.asarray(cv2.copyMakeBorder(seen, *(frame,) * 4, cv2.BORDER_REPLICATE), np.uint8)
        faces = find_faces(framed, self._score, threshold=self._manifest.detection_threshold)
        return [(Box(*((edge - frame) * scale for edge in face.box)), face.score) for face in faces]

    def _score(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(self._detector.run(None, {"image": image})[0][0, 0], np.float32)

    def _landmarks(self, image: Image, box: Box) -> Landmarks:
        left, top, right, bottom = box
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        square = cut(image, corners, _FACE_SQUARE, 2 * _FACE_SIDE)
        inner = _FACE_SQUARE.astype(int)
        found = self._predictor(square[:, :, ::-1].copy(), dlib.rectangle(*inner[0].tolist(), *(inner[2] - 1).tolist()))
        points = np.array([(point.x, point.y) for point in found.parts()], np.float32)
        return np.asarray((points - _FACE_SQUARE[0]) * ((right - left) / _FACE_SIDE) + (left, top), np.float32)


def _scaled(image: Image, long_side: int, *, enlarged: float) -> tuple[Image, float]:
    """The picture with this long side, enlarged at most so many times, and by what its coordinates have to be multiplied."""
    height, width = image.shape[:2]
    factor = min(enlarged, long_side / max(height, width))
    if factor == 1.0:
        return image, 1.0
    size = max(1, round(width * factor)), max(1, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8), 1 / factor

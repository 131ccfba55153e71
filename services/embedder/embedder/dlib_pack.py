"""Runs the default pack: dlib's detectors and landmarks, and its recogniser on onnxruntime.

The fast HOG detector looks first. Where it finds nothing the MMOD network looks, three times at most.
"""

from collections.abc import Callable, Iterator, Sequence
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
from embedder.mask import wears_mask
from embedder.pipeline import Box, Crop, DetectedFace, Image, Landmarks, Layout, Portrait, Templates
from embedder.session import open_session

RECOGNISER, DETECTOR, LANDMARKS = "recogniser.onnx", "detector.onnx", "landmarks.dat"

HOG_LONG_SIDE: Final = 800
"""The HOG detector sees pictures at most this large: 43 ms, and faces from a tenth of the long side."""

DLIB_THRESHOLD: Final = 0.0
"""dlib's own, for the HOG detector and for the last look of the MMOD network; its other looks take the manifest's."""

MMOD_LONG_SIDE: Final = 1280
"""The MMOD network sees pictures at most this large: 0.4 s, and faces from 80 pixels."""

NEAR_LONG_SIDE, NEAR_ENLARGED = 800, 2.0
"""First it sees small pictures enlarged to this, at most so many times: faces from 40 pixels."""

CLOSE_LONG_SIDE, CLOSE_ENLARGED, CLOSE_FRAME = 320, 2.0, 0.2
"""Then it looks for a face that fills the picture, whose edge pixels are drawn out by `CLOSE_FRAME` of the shorter side, so
that such a face fits the network's window."""

FAR_ENLARGED: Final = 4.0
"""Last it sees the picture enlarged so many times: faces from 20 pixels, if only to say that they are too small."""

CLOSER_HOG_SIDES, CLOSER_MMOD_SIDES = (1600, 2400), (1280, 2560)
"""For a small face beside a large one: HOG sees faces from a thirtieth of the long side so, in 0.2 and 0.4 s; the network
sees more of those that are turned or dim, in 0.4 and 1.9 s."""

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


LAYOUT: Final = Layout(np.asarray(PORTRAIT_TEMPLATE, np.float32), np.array([-5, 2, -5, 2, 9], np.float32))
"""Outer corners of the eyes lie behind the pupils, inner ones and the base of the nose before them (Farkas, 1994)."""


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

    @property
    def layout(self) -> Layout:
        return LAYOUT

    def replica(self) -> Self:
        return type(self)(self._manifest, recogniser=self._recogniser, detector=self._detector, predictor=self._predictor)

    def detect(self, image: Image) -> list[DetectedFace]:
        return self._faces(image, self._detect_hog(image, HOG_LONG_SIDE, enlarged=1.0) or self._detect_mmod(image))

    def closer_looks(self, image: Image) -> Iterator[list[DetectedFace]]:
        longer = max(image.shape[:2])
        for side in CLOSER_HOG_SIDES:
            yield self._faces(image, self._detect_hog(image, side, enlarged=FAR_ENLARGED))
        for side in CLOSER_MMOD_SIDES:
            yield self._faces(image, self._look(image, min(FAR_ENLARGED, side / longer), DLIB_THRESHOLD))

    def _faces(self, image: Image, found: list[tuple[Box, float]]) -> list[DetectedFace]:
        return [DetectedFace(box, score, self._landmarks(image, box)) for box, score in found]

    def align(self, image: Image, face: DetectedFace) -> Crop:
        return cut(image, face.landmarks, CHIP_TEMPLATE, INPUT_SIDE)

    def portrait(self, image: Image, face: DetectedFace) -> Portrait:
        return cut(image, face.landmarks, PORTRAIT_TEMPLATE, PORTRAIT_SIDE)

    def wears_mask(self, portrait: Portrait) -> bool:
        return wears_mask(portrait)

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

    def _detect_hog(self, image: Image, long_side: int, *, enlarged: float) -> list[tuple[Box, float]]:
        """On the picture at `long_side`, or `enlarged` so many times where that is smaller."""
        seen, scale = _scaled(image, min(enlarged, long_side / max(image.shape[:2])))
        grey = cv2.cvtColor(seen, cv2.COLOR_BGR2GRAY)
        rectangles, scores, _ = self._hog.run(grey, 0, DLIB_THRESHOLD)
        return [
            (Box(r.left() * scale, r.top() * scale, (r.right() + 1) * scale, (r.bottom() + 1) * scale), score)
            for r, score in zip(rectangles, scores, strict=True)
        ]

    def _detect_mmod(self, image: Image) -> list[tuple[Box, float]]:
        threshold = self._manifest.detection_threshold
        largest = MMOD_LONG_SIDE / max(image.shape[:2])
        near = min(largest, max(1.0, min(NEAR_ENLARGED, largest * NEAR_LONG_SIDE / MMOD_LONG_SIDE)))
        close = min(CLOSE_ENLARGED, largest * CLOSE_LONG_SIDE / MMOD_LONG_SIDE)
        far = min(largest, FAR_ENLARGED)
        return (
            self._look(image, near, threshold)
            or self._look(image, close, threshold, frame=CLOSE_FRAME)
            or (self._look(image, far, DLIB_THRESHOLD) if far > near else [])
        )

    def _look(self, image: Image, factor: float, threshold: float, *, frame: float = 0.0) -> list[tuple[Box, float]]:
        seen, scale = _scaled(image, factor)
        border = round(frame * min(seen.shape[:2]))
        framed = np.asarray(cv2.copyMakeBorder(seen, *(border,) * 4, cv2.BORDER_REPLICATE), np.uint8)
        faces = find_faces(framed, self._score, threshold=threshold)
        return [(Box(*((edge - border) * scale for edge in face.box)), face.score) for face in faces]

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


def _scaled(image: Image, factor: float) -> tuple[Image, float]:
    """The picture so many times as large, and by what its coordinates have to be multiplied."""
    if factor == 1.0:
        return image, 1.0
    height, width = image.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8), 1 / factor

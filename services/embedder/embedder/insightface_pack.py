"""Runs a registered insightface pack: a SCRFD detector and an ArcFace recogniser, through insightface's own classes.

For folders that `embedder.registry` prepared; not for downloading models, which insightface would do without checksum or
deadline.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Self, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from insightface.model_zoo.arcface_onnx import ArcFaceONNX
from insightface.model_zoo.model_zoo import get_model
from insightface.model_zoo.scrfd import SCRFD

from embedder.align import ARCFACE_TEMPLATE, PORTRAIT_SIDE, Points, similarity_transform
from embedder.manifest import Manifest, PackDamaged
from embedder.mask import wears_mask
from embedder.mask_model import MASK_FILE, MaskModel
from embedder.pipeline import Box, Crop, DetectedFace, Image, Landmarks, Layout, Portrait, Templates
from embedder.session import providers, session_options

T = TypeVar("T")

DETECTOR_FILE: Final = "detection.onnx"
RECOGNISER_FILE: Final = "recognition.onnx"

DETECTION_THRESHOLD: Final = 0.5  # insightface's own
DETECTION_SIDES: Final = (320, 640, 128)
"""Sides of the detector's input, tried in turn until a face is found: 320 suits portraits in a quarter of the time of 640,
which finds small faces; 128 finds faces that fill the whole picture."""

CLOSER_SIDES: Final = (640, 1280, 1920)
"""For a small face beside a large one: from an eightieth of the long side, 20 pixels of a photograph of two megapixels."""


LAYOUT: Final = Layout(ARCFACE_TEMPLATE, np.array([0, 0, 18, 5, 5], np.float32))
"""The nose's tip stands out by half the distance of the eyes (Farkas, 1994)."""


class InsightFacePack:
    """A pack whose files stand in one folder. Threads may share it: neither class keeps anything between calls."""

    def __init__(self, manifest: Manifest, detector: SCRFD, recogniser: ArcFaceONNX, mask_model: MaskModel | None) -> None:
        self._manifest = manifest
        self._detector = detector
        self._recogniser = recogniser
        self._mask_model = mask_model
        self._template = alignment_template(manifest.input_size)

    @classmethod
    def open(cls, folder: Path, manifest: Manifest) -> Self:
        """Raises PackDamaged where a file is not what its name says."""
        recogniser = load_recogniser(folder / RECOGNISER_FILE)
        recogniser.input_mean, recogniser.input_std = manifest.input_mean, manifest.input_std
        mask_model = MaskModel.load(folder / MASK_FILE) if MASK_FILE in manifest.files else None
        pack = cls(manifest, load_detector(folder / DETECTOR_FILE), recogniser, mask_model)
        pack._warm_up()
        return pack

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    @property
    def layout(self) -> Layout:
        return LAYOUT

    def detect(self, image: Image) -> list[DetectedFace]:
        return next((faces for side in DETECTION_SIDES if (faces := self._look(image, side))), [])

    def closer_looks(self, image: Image) -> Iterator[list[DetectedFace]]:
        return (self._look(image, side) for side in CLOSER_SIDES)

    def _look(self, image: Image, side: int) -> list[DetectedFace]:
        longer, shorter = max(image.shape[:2]), min(image.shape[:2])
        if shorter * side < longer:
            return []  # less than a pixel would be left of it, which insightface can't resize
        boxes, landmarks = self._detector.detect(
            image, input_size=(side, side), det_thresh=self._manifest.detection_threshold
        )
        return [_face(box, points) for box, points in zip(boxes, landmarks, strict=True)]

    def align(self, image: Image, face: DetectedFace) -> Crop:
        return _cut(image, face.landmarks, self._template, self._manifest.input_size)

    def recognise(self, crops: Sequence[Crop]) -> Templates:
        if not crops:
            return np.empty((0, self._manifest.dimension), np.float32)
        one_by_one = self._recogniser.input_shape[0] == 1
        batches = [[crop] for crop in crops] if one_by_one else [list(crops)]
        features = np.concatenate([self._recogniser.get_feat(batch) for batch in batches])
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        return np.asarray(features / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)

    def portrait(self, image: Image, face: DetectedFace) -> Portrait:
        return _cut(image, face.landmarks, ARCFACE_TEMPLATE, PORTRAIT_SIDE)

    def wears_mask(self, portrait: Portrait) -> bool:
        return wears_mask(portrait) if self._mask_model is None else self._mask_model.wears_mask(portrait)

    def replica(self) -> Self:
        return self

    def _warm_up(self) -> None:
        """The first picture of each size builds a session; nobody should wait for that."""
        self.detect(np.zeros((8, 8, 3), np.uint8))
        self.recognise([np.zeros((self._manifest.input_size, self._manifest.input_size, 3), np.uint8)])


def load_detector(file: Path) -> SCRFD:
    """Raises PackDamaged for anything but a face detector that also finds landmarks."""
    detector = _load(file, SCRFD)
    if not detector.use_kps:
        raise PackDamaged(f"{file}: a detector without landmarks can't align faces")
    return detector


def load_recogniser(file: Path) -> ArcFaceONNX:
    """Raises PackDamaged for anything but a face recogniser whose input can be aligned."""
    recogniser = _load(file, ArcFaceONNX)
    try:
        alignment_template(recogniser.input_size[0])
    except ValueError as error:
        raise PackDamaged(f"{file}: {error}") from None
    return recogniser


def _load(file: Path, kind: type[T]) -> T:
    if not file.is_file():
        raise PackDamaged(f"{file}: no such file")
    try:
        # an absolute path: a folder of the same name in the working directory would win over a relative one
        model = get_model(str(file.resolve()), providers=providers(), sess_options=session_options(), download=False)
    except Exception as error:  # onnx, onnxruntime and insightface each raise their own kinds
        raise PackDamaged(f"{file}: {error}") from error
    if not isinstance(model, kind):
        raise PackDamaged(f"{file}: not a model of the kind {kind.__name__}")
    return model


def alignment_template(side: int) -> Points:
    """Where the five points belong in a square of `side` pixels; ValueError for a side that no recogniser is trained on."""
    if side % 112 == 0:
        return ARCFACE_TEMPLATE * (side / 112)
    if side % 128 == 0:  # the same scale with 8 of 128 pixels more on the left and right (insightface, face_align.py)
        return ARCFACE_TEMPLATE * (side / 128) + np.array([8 * side / 128, 0], np.float32)
    raise ValueError(f"input of {side} pixels; a multiple of 112 or 128 expected")


def _cut(image: Image, landmarks: Landmarks, template: Points, side: int) -> npt.NDArray[np.uint8]:
    """Sampled bilinearly without averaging, even from a large face: so these networks were trained."""
    matrix = similarity_transform(landmarks, template)
    return np.asarray(cv2.warpAffine(image, matrix, (side, side), borderValue=0.0), np.uint8)


def _face(box: npt.NDArray[np.float32], points: Landmarks) -> DetectedFace:
    left, top, right, bottom, score = (float(value) for value in box)
    return DetectedFace(Box(left, top, right, bottom), score, np.asarray(points, np.float32))

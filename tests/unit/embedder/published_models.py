"""Where the package `face_recognition_models` keeps dlib's files; it is found, never imported."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.find_spec("face_recognition_models")
assert _SPEC is not None
assert _SPEC.origin is not None

MODELS = Path(_SPEC.origin).parent / "models"
DETECTOR = MODELS / "mmod_human_face_detector.dat"
RECOGNISER = MODELS / "dlib_face_recognition_resnet_model_v1.dat"

"""Builds the pack that needs no download: dlib's models as a package index carries them, converted once into a folder.

The package `face_recognition_models` holds them. It is never imported (its import needs the vanished `pkg_resources`), and
its 68-point landmarks are never read: their licence forbids commercial use.
"""

import contextlib
import importlib.util
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import onnx

from embedder.dlib_format import read_network
from embedder.dlib_mmod import convert_mmod
from embedder.dlib_pack import DETECTOR, LANDMARKS, RECOGNISER
from embedder.dlib_resnet import DIMENSION, INPUT_SIDE, convert_resnet
from embedder.known_calibrations import DEFAULT_PACK, DEFAULT_PACK_CALIBRATED_ON, DEFAULT_PACK_MASKED
from embedder.manifest import Manifest, PackDamaged, PackKind, hash_files, model_id_of, sha256_of_file

NAME: Final = "dlib"

Progress = Callable[[str, float], None]
"""Called with what is being done and the part done so far, from 0 to 1."""

_PUBLISHED: Final = {
    "dlib_face_recognition_resnet_model_v1.dat": "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    "mmod_human_face_detector.dat": "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
    "shape_predictor_5_face_landmarks.dat": "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
}
_RECOGNISER_DAT, _DETECTOR_DAT, _LANDMARKS_DAT = _PUBLISHED
_MMOD_THRESHOLD: Final = -0.4
"""Below dlib's own 0: 56 % of masked faces are found instead of 42 %, for one false alarm more in 200 pictures."""

_TERMS: Final = "Weights in the public domain (CC0 1.0, Davis E. King): free for any use, commercial use included."


def ensure_default_pack(folder: Path, progress: Progress) -> Manifest:
    """The manifest of the pack in `folder`, built there first where it is missing, damaged or of an older kind.

    A finished pack takes 50 ms to check, a new one two seconds to build. Several processes may call this at once: each
    builds apart, one of them puts its folder in place, all find the same pack. Raises PackDamaged where the published models
    are missing or are not those known here, and OSError where the folder can't be written.
    """
    if (manifest := _current(folder)) is not None:
        progress("Default pack is ready", 1.0)
        return manifest
    source = _models_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        built = Path(scratch) / "new"
        built.mkdir()
        manifest = _build(source, built, progress)
        _put_in_place(built, folder, old=Path(scratch) / "old")
    progress("Default pack is ready", 1.0)
    return manifest


def _models_folder() -> Path:
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise PackDamaged("the package face_recognition_models, which carries the default models, is not installed")
    return Path(spec.origin).parent / "models"


def _current(folder: Path) -> Manifest | None:
    """The manifest, where the folder holds just the pack that would be built now."""
    try:
        manifest = Manifest.load(folder)
        manifest.verify(folder)
    except PackDamaged:
        return None
    return manifest if manifest == _manifest(manifest.files) else None


def _build(source: Path, target: Path, progress: Progress) -> Manifest:
    for step, (name, expected) in enumerate(_PUBLISHED.items()):
        progress(f"Checking {name}", 0.1 * step)
        path = source / name
        if not path.is_file() or sha256_of_file(path) != expected:
            raise PackDamaged(f"{path} is not the published file")
    progress("Converting the detector", 0.3)
    onnx.save(convert_mmod(read_network((source / _DETECTOR_DAT).read_bytes())), str(target / DETECTOR))
    progress("Converting the recogniser", 0.4)
    onnx.save(convert_resnet(read_network((source / _RECOGNISER_DAT).read_bytes())), str(target / RECOGNISER))
    progress("Copying the landmarks", 0.8)
    shutil.copyfile(source / _LANDMARKS_DAT, target / LANDMARKS)
    progress("Recording the files", 0.9)
    manifest = _manifest(hash_files(target, (RECOGNISER, DETECTOR, LANDMARKS)))
    manifest.save(target)
    return manifest


def _manifest(files: dict[str, str]) -> Manifest:
    return Manifest(
        name=NAME,
        kind=PackKind.DLIB,
        model_id=model_id_of(NAME, {_RECOGNISER_DAT: _PUBLISHED[_RECOGNISER_DAT]}, flip=True),
        files=files,
        licence="CC0-1.0",
        terms=_TERMS,
        dimension=DIMENSION,
        input_size=INPUT_SIDE,
        flip=True,
        detection_threshold=_MMOD_THRESHOLD,
        calibration=DEFAULT_PACK,
        mask_curves=DEFAULT_PACK_MASKED,
        calibrated_on=DEFAULT_PACK_CALIBRATED_ON,
    )


def _put_in_place(built: Path, folder: Path, *, old: Path) -> None:
    """Rename `built` to `folder`. Where another process was faster with the same pack, that one stays."""
    if _current(folder) is not None:
        return
    with contextlib.suppress(FileNotFoundError):
        folder.rename(old)
    try:
        built.rename(folder)
    except OSError:
        if _current(folder) is None:
            raise

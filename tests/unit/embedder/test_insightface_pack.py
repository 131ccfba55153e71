"""A registered pack does what insightface does with the same files, face by face."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
from embedder.adding import SAMPLE, Declared, pack_add
from embedder.insightface_pack import InsightFacePack, alignment_template, load_detector, load_recogniser
from embedder.manifest import PackDamaged
from embedder.pipeline import Image
from embedder.registry import open_pack
from insightface.app import FaceAnalysis
from insightface.utils.face_align import estimate_norm

from tests.unit.embedder.conftest import no_progress
from tests.unit.embedder.measuring_data import measuring_data
from tests.unit.embedder.synthetic_pack import picture

pytestmark = pytest.mark.filterwarnings("ignore:`estimate` is deprecated:FutureWarning")  # insightface's own


def test_a_small_face_is_found_at_the_second_look(synthetic: InsightFacePack) -> None:
    # given a dot that fills a cell of the detector's grid only when the picture is seen at 640
    image = picture(1, side=640, dot=16)

    faces = synthetic.detect(image)

    assert len(faces) == 1
    assert faces[0].size == pytest.approx(80, abs=1)


def test_a_picture_without_faces_has_none(synthetic: InsightFacePack) -> None:
    assert synthetic.detect(picture(1, dot=0)) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (37, 3000)])
def test_pictures_of_any_shape_can_be_looked_at(synthetic: InsightFacePack, shape: tuple[int, int]) -> None:
    assert synthetic.detect(np.zeros((*shape, 3), np.uint8)) == []


def test_a_batch_gives_what_single_faces_give(synthetic: InsightFacePack) -> None:
    crops = [synthetic.align(image, synthetic.detect(image)[0]) for image in map(picture, range(5))]

    together = synthetic.recognise(crops)

    alone = np.concatenate([synthetic.recognise([crop]) for crop in crops])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_no_faces_give_no_templates(synthetic: InsightFacePack) -> None:
    assert synthetic.recognise([]).shape == (0, synthetic.manifest.dimension)


@pytest.mark.parametrize("side", [112, 128, 224, 256])
def test_faces_are_aligned_as_insightface_aligns_them(side: int) -> None:
    points = alignment_template(side)

    np.testing.assert_allclose(estimate_norm(points, side), [[1, 0, 0], [0, 1, 0]], atol=1e-3)


def test_a_size_that_no_recogniser_has_is_refused() -> None:
    with pytest.raises(ValueError, match="160"):
        alignment_template(160)


def test_a_missing_file_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(PackDamaged, match="no such file"):
        load_detector(tmp_path / "detection.onnx")


def test_a_recogniser_is_no_detector_and_the_other_way_round(data: Path) -> None:
    published = data / "published"

    with pytest.raises(PackDamaged, match="not a model of the kind"):
        load_detector(published / "rec_blocks.onnx")
    with pytest.raises(PackDamaged, match="not a model of the kind"):
        load_recogniser(published / "det_dot.onnx")


def test_the_synthetic_pack_gives_the_templates_of_face_analysis(data: Path, synthetic: InsightFacePack) -> None:
    assert_equal_to_face_analysis(data / "published", synthetic, [picture(n, side=400, dot=30) for n in range(3)])


@pytest.mark.parametrize("name", ["mbf_prelu", "mbf_relu"])
def test_a_real_pack_gives_the_templates_of_face_analysis(name: str, tmp_path: Path) -> None:
    source = measuring_data("packs", "equality with insightface on real packs") / name
    pack_add(source, tmp_path, Declared("real", "research only", "For measurements."), progress=no_progress)
    pack = open_pack("real", tmp_path, no_progress)
    assert isinstance(pack, InsightFacePack)

    group = np.asarray(cv2.imread(str(SAMPLE)), np.uint8)

    assert_equal_to_face_analysis(source, pack, [group, group[:, ::-1].copy(), group[200:700, 300:800].copy()])


def assert_equal_to_face_analysis(source: Path, pack: InsightFacePack, images: list[Image]) -> None:
    logging.getLogger("insightface").setLevel(logging.WARNING)
    theirs = FaceAnalysis(str(source), allowed_modules=["detection", "recognition"], providers=["CPUExecutionProvider"])
    theirs.prepare(ctx_id=-1, det_size=(320, 320))
    compared = 0
    for image in images:
        expected = theirs.get(image)
        faces = pack.detect(image)
        assert len(faces) == len(expected)
        templates = pack.recognise([pack.align(image, face) for face in faces])
        for face, template, other in zip(faces, templates, expected, strict=True):
            np.testing.assert_allclose(face.box, other.bbox, atol=1e-2)
            assert template @ other.normed_embedding > 1 - 1e-4
            compared += 1
    assert compared >= len(images)

"""The picture of an evaluation."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from embedder.evaluation import Evaluation
from standalone.roc_plot import draw_roc


@pytest.fixture
def evaluation() -> Evaluation:
    rng = np.random.default_rng(1)
    return Evaluation(
        model_id="mine-00000000",
        pictures=40,
        mated_people=20,
        strangers=0,
        missed=(),
        genuine=rng.normal(0.7, 0.1, 200).astype(np.float32),
        impostor=rng.normal(0.0, 0.1, 2000).astype(np.float32),
        tar_at_fmr={1e-2: 0.99, 1e-3: 0.98, 1e-4: 0.97},
        cosine_at_fmr={1e-2: 0.23, 1e-3: 0.31, 1e-4: 0.37},
        fmr_at_default=0.0,
        tar_at_default=0.97,
        rank_1=1.0,
        tpir=None,
    )


def test_the_curve_and_its_working_point_are_drawn(tmp_path: Path, evaluation: Evaluation) -> None:
    draw_roc(evaluation, tmp_path / "roc.png")

    picture = cv2.imread(str(tmp_path / "roc.png")).astype(int)
    blue, red = picture[:, :, 0] - picture[:, :, 2] > 100, picture[:, :, 2] - picture[:, :, 0] > 100
    assert picture.shape == (720, 960, 3)
    assert blue.sum() > 500
    assert red.sum() > 30


def test_an_unknown_format_is_refused(tmp_path: Path, evaluation: Evaluation) -> None:
    with pytest.raises(ValueError, match="not supported"):
        draw_roc(evaluation, tmp_path / "roc.docx")

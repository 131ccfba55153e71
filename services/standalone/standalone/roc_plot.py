"""Draws the receiver operating characteristic of an evaluation: true accepts against false matches."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from embedder.evaluation import Evaluation
from matplotlib.figure import Figure


def draw_roc(evaluation: Evaluation, target: Path) -> None:
    """Writes a picture in the format of its suffix (png, svg, pdf). Raises OSError, and ValueError for another suffix."""
    impostor = np.sort(evaluation.impostor)[::-1]
    rates = np.arange(1, len(impostor) + 1) / len(impostor)
    genuine = np.sort(evaluation.genuine)
    accepted = 1 - np.searchsorted(genuine, impostor, side="left") / len(genuine)
    with mpl.rc_context({"svg.hashsalt": "wajah"}):
        figure = Figure(figsize=(6.4, 4.8), layout="constrained")
        axes = figure.subplots()
        axes.step(rates, accepted, where="post", color="tab:blue")
        axes.plot(
            max(evaluation.fmr_at_default, rates[0]),
            evaluation.tar_at_default,
            "o",
            color="tab:red",
            label="similarity 0.75",
        )
        for rate, accept in evaluation.tar_at_fmr.items():
            if rate >= rates[0]:
                axes.annotate(f"{accept:.1%}", (rate, accept), textcoords="offset points", xytext=(6, -12))
        axes.set(
            xscale="log",
            xlim=(rates[0], 1),
            xlabel="false match rate",
            ylabel="true accept rate",
            title=f"{evaluation.model_id}: {len(evaluation.genuine)} pairs of one person, {len(impostor)} of two",
        )
        axes.grid(visible=True, which="both", alpha=0.3)
        axes.legend(loc="lower right")
        figure.savefig(target, dpi=150)

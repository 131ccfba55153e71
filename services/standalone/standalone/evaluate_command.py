"""`wajah evaluate`: how good a model pack is on a folder of faces, and on masked ones."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from embedder.calibration import THRESHOLD_SIMILARITY
from embedder.drawn_masks import gather_drawn, measure_drawn, pairs_of
from embedder.evaluation import Evaluation
from embedder.evaluation import evaluate as measure
from embedder.mask_photographs import Split, measure_masks
from embedder.registry import open_pack
from embedder.settings import EmbedderSettings
from rich.console import Console
from rich.table import Table

from standalone.mask_tables import drawn_table, mask_facts, mask_table
from standalone.options import Data, Pack, refuse, settings_of
from standalone.progress import progress_bar
from standalone.roc_plot import draw_roc


def evaluate(  # noqa: PLR0917 - typer reads the options off the signature
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of people, a subfolder each; who has one picture is a stranger.")
    ] = None,
    pack: Pack = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    roc: Annotated[
        Path | None, typer.Option(help="Where the ROC curve goes; absent, roc-PACK.png in the data folder.")
    ] = None,
    drawn_masks: Annotated[
        bool, typer.Option("--drawn-masks", help="Also draw masks on the faces: does the threshold keep its FMR?")
    ] = False,
    masks: Annotated[Path | None, typer.Option(help="Photographs of masks: masked/ and unmasked/.")] = None,
    split: Annotated[Split, typer.Option(help="Of --masks: the second half of each folder, or all.")] = Split.TEST,
    data: Data = None,
) -> None:
    """Measure a pack: TAR at three FMRs, rank-1, TPIR at FPIR 1 %, and how true its similarities are; what masks change."""
    if folder is None and masks is None:
        raise typer.BadParameter("a folder of people, or --masks, is needed")
    settings, threads = settings_of(data), os.cpu_count() or 1
    name = pack or EmbedderSettings().pack
    facts: dict[str, Any] = {}
    tables: list[Table] = []
    with refuse(), progress_bar(Console(stderr=True)) as progress:
        opened = open_pack(name, settings.data, progress)
        if folder is not None:
            figures = measure(opened, folder, threads=threads, progress=progress)
            picture = roc or settings.data / f"roc-{name}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            draw_roc(figures, picture)
            facts |= _facts(figures, opened.manifest.calibration.cosine(THRESHOLD_SIMILARITY)) | {"roc": str(picture)}
            tables.append(_table(facts))
        if folder is not None and drawn_masks:
            pairs = pairs_of(gather_drawn(opened, folder, threads=threads, progress=progress))
            drawn = measure_drawn(pairs, opened.manifest.face_model())
            facts["drawn_masks"] = {state: asdict(each) for state, each in drawn.items()}
            tables.append(drawn_table(drawn))
        if masks is not None:
            facts["masks"] = mask_facts(measure_masks(opened, masks, split, threads=threads, progress=progress))
            tables.append(mask_table(facts["masks"], f"{opened.manifest.model_id} on {masks}, {split.value}"))
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        Console().print(*tables)


def _facts(figures: Evaluation, threshold: float) -> dict[str, Any]:
    """All that is printed. Rates are from 0 to 1."""
    return {
        "model_id": figures.model_id,
        "pictures": figures.pictures,
        "mated_people": figures.mated_people,
        "strangers": figures.strangers,
        "genuine_pairs": len(figures.genuine),
        "impostor_pairs": len(figures.impostor),
        "faces_missed": [str(path) for path in figures.missed],
        **{f"tar_at_fmr_{rate:.0e}": tar for rate, tar in figures.tar_at_fmr.items()},
        **{f"cosine_at_fmr_{rate:.0e}": cosine for rate, cosine in figures.cosine_at_fmr.items()},
        "rank_1": figures.rank_1,
        "tpir_at_fpir_1_percent": figures.tpir,
        "default_threshold_similarity": THRESHOLD_SIMILARITY,
        "default_threshold_cosine": threshold,
        "fmr_at_default_threshold": figures.fmr_at_default,
        "tar_at_default_threshold": figures.tar_at_default,
        "calibration_error": calibration_error(figures),
    }


def calibration_error(figures: Evaluation) -> float:
    """Observed less documented FMR (1e-4) at the default threshold."""
    return figures.fmr_at_default - 1e-4


def _table(facts: dict[str, Any]) -> Table:
    table = Table("measure", "value", title=f"{facts['model_id']}")
    for name, value in facts.items():
        if name != "model_id":
            shown = f"{len(value)}: {', '.join(value)}" if isinstance(value, list) else value
            table.add_row(name.replace("_", " "), f"{shown:.5f}" if isinstance(shown, float) else str(shown))
    return table

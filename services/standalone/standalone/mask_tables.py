"""How `wajah evaluate` shows what was measured on masked faces."""

from typing import Any

from embedder.drawn_masks import StateFigures
from embedder.mask_photographs import MaskFigures
from rich.table import Table


def mask_facts(figures: MaskFigures) -> dict[str, Any]:
    """All that is printed of `--masks`. Rates are from 0 to 1."""
    kinds = {"masked": figures.masked, "unmasked": figures.bare}
    return {
        "pictures": {kind: told.pictures for kind, told in kinds.items()},
        "faces_found": {kind: told.found for kind, told in kinds.items()},
        "detection_rate": {kind: told.found / told.pictures for kind, told in kinds.items()},
        "confusion": {
            kind: {"told_masked": told.masked, "told_unmasked": told.found - told.masked} for kind, told in kinds.items()
        },
        "masks_noticed": figures.masks_noticed,
        "false_alarms": figures.false_alarms,
        "balanced_accuracy": figures.balanced_accuracy,
    }


def mask_table(facts: dict[str, Any], title: str) -> Table:
    table = Table(
        "pictures that are",
        "pictures",
        "faces found",
        "told masked",
        "told unmasked",
        "no face",
        title=title,
        title_style="",
    )
    for kind, pictures in facts["pictures"].items():
        found, told = facts["faces_found"][kind], facts["confusion"][kind]
        rate = f"{found} ({facts['detection_rate'][kind]:.1%})"
        numbers = (pictures, rate, told["told_masked"], told["told_unmasked"], pictures - found)
        table.add_row(kind, *(str(number) for number in numbers))
    table.caption = (
        f"of the faces found: {facts['masks_noticed']:.1%} of the masks noticed, {facts['false_alarms']:.1%} false alarms, "
        f"balanced accuracy {facts['balanced_accuracy']:.3f}"
    )
    return table


def drawn_table(figures: dict[str, StateFigures]) -> Table:
    """FMR and TAR at the default threshold, with masks drawn on the pictures."""
    table = Table(
        *("masks of a pair", "pairs of two", "of one", "FMR by one curve", "by mask curves", "masks as told"),
        *("TAR by one curve", "by mask curves", "masks as told"),
        title="masks drawn on the pictures, at the default threshold",
        title_style="",
    )
    for state, each in figures.items():
        fmrs = (each.fmr_one_curve, each.fmr_known, each.fmr_told)
        tars = (each.tar_one_curve, each.tar_known, each.tar_told)
        table.add_row(
            state,
            str(each.impostor),
            str(each.genuine),
            *(f"{rate:.1e}" for rate in fmrs),
            *(f"{rate:.1%}" for rate in tars),
        )
    return table

"""`wajah pack`: the model packs of this machine."""

import os
from pathlib import Path
from typing import Annotated

import typer
from embedder import adding, registry
from embedder.manifest import Manifest
from rich.console import Console
from rich.table import Table

from standalone.options import Data, refuse, settings_of
from standalone.progress import progress_bar

app = typer.Typer(no_args_is_help=True, help="Model packs: what finds and recognises faces.")

NO_TERMS = "Not stated. insightface's own pretrained models are for non-commercial research only."


@app.command("list")
def list_packs(data: Data = None) -> None:
    """The packs that are prepared; the bundled one is prepared at first start."""
    rows = Table("name", "model", "values", "licence", "masked faces", "calibrated on")
    with refuse():
        for manifest in registry.pack_list(settings_of(data).data):
            known = "curves of their own" if manifest.mask_curves else "judged as bare ones"
            fields = (manifest.name, manifest.model_id, str(manifest.dimension), manifest.licence, known)
            rows.add_row(*fields, manifest.calibrated_on)
    Console().print(rows)


@app.command()
def show(name: str, data: Data = None) -> None:
    """A pack's manifest, after checking its files."""
    with refuse():
        _print(registry.pack_show(name, settings_of(data).data))


@app.command()
def add(  # noqa: PLR0917 - typer reads the options off the signature
    folder: Annotated[Path, typer.Argument(help="A folder of insightface models (*.onnx).")],
    name: Annotated[str | None, typer.Option(help="What it is called here; absent, the folder's name.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the weights.")] = "unknown",
    terms: Annotated[str, typer.Option(help="What the licence allows.")] = NO_TERMS,
    mask_model: Annotated[Path | None, typer.Option(help="A network that tells masks (docs/masks.md).")] = None,
    calibrate: Annotated[Path | None, typer.Option(help="Pictures to calibrate on: person/*.jpg.")] = None,
    data: Data = None,
) -> None:
    """Check, optimise and register a folder of insightface models. Nothing is downloaded."""
    declared = adding.Declared(name or folder.resolve().name.lower(), licence, terms)
    with refuse(), progress_bar(Console(stderr=True)) as progress:
        manifest = adding.pack_add(
            folder,
            settings_of(data).data,
            declared,
            progress=progress,
            mask_model=mask_model,
            calibrate_on=calibrate,
            threads=os.cpu_count() or 1,
        )
    _print(manifest)


def _print(manifest: Manifest) -> None:
    Console().print_json(manifest.model_dump_json())

"""What the commands share: common options, and how a refusal is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from embedder.adding import PackRefused
from embedder.evaluation import NotAFaceFolder
from embedder.manifest import PackDamaged
from embedder.registry import PackUnknown
from wajah.contracts.errors import WajahError
from wajah.runtime_check import RuntimeUnfit
from wajah.security.key_encryption_keys import KeysUnfit
from wajah.security.rsa_credentials import KeyUnfit
from wajah.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Folder for the database and the model packs (WAJAH_DATA, else var/).")]
Pack = Annotated[str | None, typer.Option(help="Model pack (WAJAH_PACK, else the bundled one).")]

_REFUSALS = (PackRefused, PackUnknown, PackDamaged, NotAFaceFolder, RuntimeUnfit, KeysUnfit, KeyUnfit, WajahError, OSError)


def settings_of(data: Path | None) -> Settings:
    return Settings() if data is None else Settings(data=data)


@contextmanager
def refuse() -> Iterator[None]:
    """What the operator can mend is told in one line, without a stack trace."""
    try:
        yield
    except _REFUSALS as refusal:
        typer.echo(f"wajah: {refusal}", err=True)
        raise typer.Exit(1) from None

"""`wajah register`: the civil register that identity cards are held against where Dukcapil is not. Prints JSON."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from wajah.messaging.service import Service
from wajah.process import Foundation
from wajah.settings import Settings

from standalone.jobs_here import jobs_here
from standalone.options import Data, Pack, refuse, settings_of
from standalone.register import Imported, Register

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="The platform's own civil register, which identity cards are held against.")


@app.command("import")
def import_table(
    table: Annotated[
        Path, typer.Argument(help="CSV with the columns nik, name and birth_date (dd-mm-yyyy).", exists=True, dir_okay=False)
    ],
    photographs: Annotated[Path, typer.Argument(help="Folder with NIK.jpg or NIK.png.", exists=True, file_okay=False)],
    data: Data = None,
    pack: Pack = None,
) -> None:
    """Enter people, or replace them. Ends with 1 where a line was refused: each is told by its number, and why."""

    async def work(register: Register) -> list[Imported]:
        await register.open()
        return [each async for each in register.import_table(table, photographs)]

    lines = _on_register(data, pack, work)
    refused = [{"line": each.line, "reason": each.refusal} for each in lines if each.refusal is not None]
    typer.echo(json.dumps({"imported": len(lines) - len(refused), "refused": refused}))
    if refused:
        raise typer.Exit(1)


@app.command()
def remove(nik: Annotated[str, typer.Argument(help="Whom to remove.")], data: Data = None, pack: Pack = None) -> None:
    """Erase somebody: name, birth date and face. Ends with 1 where there is no such NIK."""
    removed = _on_register(data, pack, lambda register: register.remove(nik))
    typer.echo(json.dumps({"removed": removed}))
    if not removed:
        raise typer.Exit(1)


def _on_register(data: Path | None, pack: str | None, work: Callable[[Register], Awaitable[T]]) -> T:
    options = {name: value for name, value in {"data": data, "pack": pack}.items() if value is not None}

    def services(on: Foundation) -> list[Service]:
        from embedder.service import EmbedderService
        from embedder.settings import EmbedderSettings
        from matcher.service import MatcherService
        from matcher.settings import MatcherSettings

        return [
            EmbedderService(EmbedderSettings.model_validate(options), on.bus, on.store, on.topology),
            MatcherService(MatcherSettings.model_validate(options), on.bus, on.store, on.topology),
        ]

    async def main(settings: Settings) -> T:
        async with jobs_here(settings, services) as (jobs, store):
            return await work(Register(jobs, store))

    with refuse():
        return asyncio.run(main(settings_of(data)))

"""`wajah dukcapil`: ask Dukcapil from the command line. Prints JSON."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from wajah.contracts.jobs import IdentifyAtDukcapil
from wajah.contracts.results import IdentifiedAtDukcapil
from wajah.messaging.service import Service
from wajah.process import Foundation
from wajah.settings import Settings

from standalone.jobs_here import jobs_here
from standalone.options import Data, refuse, settings_of

CALLER = "@operator"
DEADLINE_S = 60.0

app = typer.Typer(no_args_is_help=True, help="Dukcapil's face recognition, asked from here.")


@app.callback()
def dukcapil() -> None:
    """So that `identify` stays a command of its own."""


@app.command()
def identify(
    photo: Annotated[Path, typer.Argument(help="A JPEG or PNG.", exists=True, dir_okay=False)],
    threshold: Annotated[
        float | None, typer.Option(min=1, max=20, help="Score from which on (WAJAH_DUKCAPIL_THRESHOLD).")
    ] = None,
    data: Data = None,
) -> None:
    """Who of the population is it? At most ten people, best first, with scores from 0 to 20."""

    def services(on: Foundation) -> list[Service]:
        from dukcapil.service import DukcapilService
        from dukcapil.settings import DukcapilSettings

        return [DukcapilService(DukcapilSettings(), on.bus, on.store, on.topology, on_finished=on.recorder.record)]

    async def main(settings: Settings) -> IdentifiedAtDukcapil:
        question = IdentifyAtDukcapil(image=photo.read_bytes(), threshold=threshold)
        async with jobs_here(settings, services) as (jobs, _):
            reply = await jobs.run(question, client_id=CALLER, deadline_s=DEADLINE_S)
        return reply.result(IdentifiedAtDukcapil)

    with refuse():
        typer.echo(asyncio.run(main(settings_of(data))).model_dump_json())

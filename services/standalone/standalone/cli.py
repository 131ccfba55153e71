"""The `wajah` command line: serve, demonstrate, administer, evaluate. Each command's work is in a module of its own."""

from pathlib import Path
from typing import Annotated

import typer
from wajah.settings import Settings

from standalone import (
    client_commands,
    dukcapil_commands,
    encryption_key_commands,
    evaluate_command,
    institution_commands,
    key_commands,
    pack_commands,
    register_commands,
    subject_commands,
    transaction_commands,
)
from standalone.options import Data, Pack, refuse, settings_of

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Wajah, the open face-verification platform.",
)
app.add_typer(client_commands.app, name="client")
app.add_typer(key_commands.app, name="key")
app.add_typer(institution_commands.app, name="institution")
app.add_typer(encryption_key_commands.app, name="keys")
app.add_typer(subject_commands.app, name="subject")
app.add_typer(pack_commands.app, name="pack")
app.add_typer(dukcapil_commands.app, name="dukcapil")
app.add_typer(register_commands.app, name="register")
app.command("transactions")(transaction_commands.transactions)
app.command("evaluate")(evaluate_command.evaluate)


@app.command()
def serve(
    bind: Annotated[str | None, typer.Option(help="Address and port (WAJAH_BIND, else 127.0.0.1:8080).")] = None,
    data: Data = None,
    pack: Pack = None,
    stand_ins: Annotated[bool, typer.Option("--stand-ins", help="Let stand-ins answer for the services outside.")] = False,
) -> None:
    """Run every service in this process, until it is told to stop."""
    import uvloop

    from standalone.serving import serve as run

    options = {name: value for name, value in {"bind": bind, "data": data, "pack": pack}.items() if value is not None}
    with refuse():
        uvloop.run(run(settings_of(data), stand_ins=stand_ins, **options))


@app.command()
def service(name: Annotated[str, typer.Argument(help="embedder, matcher, pedulilindungi, dukcapil or ingress.")]) -> None:
    """Run one service, as a container does; bus and store come from the environment."""
    from standalone.serving import SERVICES, serve_one

    if name not in SERVICES:
        raise typer.BadParameter(f"one of {', '.join(SERVICES)}", param_hint="NAME")
    if Settings().bus == "memory:":
        raise typer.BadParameter("one service alone needs a broker: set WAJAH_BUS=amqp://user:password@host:port/")
    with refuse():
        serve_one(name)


@app.command()
def demo(
    faces: Annotated[Path | None, typer.Option(help="Your own pictures: person/*.jpg.")] = None,
    data: Data = None,
    pack: Pack = None,
) -> None:
    """Enrol real people, and recognise each from a different picture."""
    import uvloop

    from standalone.demo_run import run

    with refuse():
        raise typer.Exit(min(uvloop.run(run(settings_of(data), pack, faces)), 1))

"""`wajah subject`: the rights of a person whose face is enrolled. Prints JSON."""

import json
from typing import Annotated, Any

import typer

from standalone import subject
from standalone.options import Data
from standalone.stored import on_store

ClientId = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")]
UserId = Annotated[str, typer.Argument(metavar="USER", help="The user_id under which the client enrolled the person.")]

app = typer.Typer(no_args_is_help=True, help="Persons whose faces are enrolled: what is held about them, and its erasure.")


@app.command()
def export(
    client_id: ClientId,
    user_id: UserId,
    templates: Annotated[bool, typer.Option("--templates", help="With the face templates: little-endian float32.")] = False,
    data: Data = None,
) -> None:
    """Tell everything that is held about a user of a client, in all of its galleries."""
    _tell(on_store(data, lambda store: subject.export(store, client_id, user_id, with_templates=templates)))


@app.command()
def erase(client_id: ClientId, user_id: UserId, data: Data = None) -> None:
    """Erase a user of a client from all of its galleries, and print the receipt: it is kept nowhere else."""
    _tell(on_store(data, lambda store: subject.erase(store, client_id, user_id)))


def _tell(told: dict[str, Any]) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))

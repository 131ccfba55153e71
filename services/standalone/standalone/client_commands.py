"""`wajah client`: the accounts that integrators sign in with, their limits, and their end. Prints JSON."""

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer
from wajah.security.passwords import Passwords
from wajah.storage.ports import Quota, Store

from standalone import clients
from standalone.clients import Limits
from standalone.options import Data
from standalone.stored import on_store

UNLIMITED = "unlimited"

app = typer.Typer(no_args_is_help=True, help="Clients: the accounts that integrators sign in with.")

ClientId = Annotated[str, typer.Argument(help="The client's id.")]


@app.command()
def add(
    client_id: Annotated[str, typer.Argument(help="1 to 114 printable characters.")],
    hits: Annotated[int | None, typer.Option(min=0, help="API calls it may make; absent, unlimited.")] = None,
    faces: Annotated[int | None, typer.Option(min=0, help="Faces it may enrol; absent, unlimited.")] = None,
    galleries: Annotated[int | None, typer.Option(min=1, help="Galleries it may own, its first included.")] = None,
    data: Data = None,
) -> None:
    """Add a client with its first gallery. The password is read from standard input, or generated where there is none."""
    password = None if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n") or None
    limits = Limits(hits, faces, galleries)
    added = on_store(data, lambda store: clients.add_client(store, Passwords(), client_id, password, limits))
    _tell({name: value for name, value in asdict(added).items() if value is not None})


@app.command("list")
def list_clients(data: Data = None) -> None:
    """Every client, with what is left to it."""
    _tell(on_store(data, clients.list_clients))


@app.command()
def show(client_id: ClientId, data: Data = None) -> None:
    """A client's galleries, limits, and what is left of them."""
    _tell(on_store(data, lambda store: clients.show_client(store, client_id)))


@app.command()
def limit(
    client_id: ClientId,
    hits: Annotated[str | None, typer.Option(help="API calls from now on: a number, or `unlimited`.")] = None,
    faces: Annotated[str | None, typer.Option(help="Faces in all, those enrolled included.")] = None,
    galleries: Annotated[str | None, typer.Option(help="Galleries in all, those it has included.")] = None,
    data: Data = None,
) -> None:
    """Set some of a client's limits, and show them. What is not given stays as it is."""
    given = {Quota.HITS: hits, Quota.FACES: faces, Quota.GALLERIES: galleries}
    limits = {quota: _limit(text) for quota, text in given.items() if text is not None}

    async def work(store: Store) -> dict[str, Any]:
        await store.clients.limit(client_id, limits)
        return await clients.show_client(store, client_id)

    _tell(on_store(data, work))


@app.command()
def delete(
    client_id: ClientId,
    purge: Annotated[bool, typer.Option("--purge", help="Erase it now: account, galleries, faces and keys.")] = False,
    data: Data = None,
) -> None:
    """Deregister a client, as client/delete does: it is erased when the grace period ends, unless it registers again."""

    async def work(store: Store) -> dict[str, Any]:
        return await (clients.purge_client if purge else clients.deregister_client)(store, client_id)

    _tell(on_store(data, work))


def _limit(text: str) -> int | None:
    if text == UNLIMITED:
        return None
    if not text.isdecimal():
        raise typer.BadParameter(f"a number from 0, or {UNLIMITED}: {text!r}")
    return int(text)


def _tell(told: Any) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False))

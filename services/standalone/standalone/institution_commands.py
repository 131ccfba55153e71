"""`wajah institution`: those that the Dukcapil FR API is served to, their keys, addresses and quotas."""

import json
import sys
from datetime import timedelta
from typing import Annotated, Any, Final

import typer
from wajah.storage.encrypted_store import EncryptedStore
from wajah.storage.institutions import InstitutionNotFound

from standalone import institutions
from standalone.institutions import Asked
from standalone.options import Data
from standalone.stored import on_store

OVERLAP_DAYS: Final = 30.0

CustomerId = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The institution's customer id.")]

app = typer.Typer(no_args_is_help=True, help="Institutions: whom the Dukcapil FR API is served to.")


@app.command()
def add(
    customer_id: CustomerId,
    *,
    client: Annotated[str, typer.Option(help="The client whose gallery it searches.")],
    user_id: Annotated[str, typer.Option(help="What it calls itself in its credentials.")],
    ip: Annotated[list[str], typer.Option(help="An address or network it may call from; several times for several.")],
    quota: Annotated[int, typer.Option(min=0, help="Calls a day; a day begins at midnight in Jakarta.")],
    gallery: Annotated[str | None, typer.Option(help="The gallery; absent, the client's first.")] = None,
    data: Data = None,
) -> None:
    """Add an institution with a key, and print both as JSON. The password is read from standard input, or generated where
    there is none."""
    asked = Asked(customer_id, client, user_id, ip, quota, gallery)
    _tell(on_store(data, lambda store: institutions.add(store, asked, _password())))


@app.command()
def key(
    customer_id: CustomerId,
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new key first.")] = False,
    overlap_days: Annotated[float, typer.Option(min=0, help="How long those of before still work.")] = OVERLAP_DAYS,
    data: Data = None,
) -> None:
    """Print the institution's public key as PEM: what it encrypts its credentials with."""

    async def work(store: EncryptedStore) -> str:
        if rotate:
            return await institutions.rotate(store, customer_id, timedelta(days=overlap_days))
        return await institutions.public_key(store, customer_id)

    typer.echo(on_store(data, work), nl=False)


@app.command()
def quota(customer_id: CustomerId, calls: Annotated[int, typer.Argument(min=0)], data: Data = None) -> None:
    """Set how many calls a day it may make; those of today count."""
    on_store(data, lambda store: store.institutions.change(customer_id, daily_quota=calls))


@app.command()
def ip(
    customer_id: CustomerId,
    networks: Annotated[list[str], typer.Argument(help="Every address or network it may call from, from now on.")],
    data: Data = None,
) -> None:
    """Set where it may call from."""

    async def work(store: EncryptedStore) -> None:
        await store.institutions.change(customer_id, networks=institutions.networks_of(networks))

    on_store(data, work)


@app.command()
def password(customer_id: CustomerId, data: Data = None) -> None:
    """Set its password, from standard input, or generated where there is none: then it is printed."""
    _tell(on_store(data, lambda store: institutions.change_password(store, customer_id, _password())))


@app.command("list")
def list_institutions(data: Data = None) -> None:
    """Print every institution with its keys as JSON. Private keys and passwords are never shown."""
    _tell(on_store(data, institutions.listed))


@app.command()
def remove(customer_id: CustomerId, data: Data = None) -> None:
    """End an institution's account, and erase its keys. The gallery stays: it is its client's."""

    async def work(store: EncryptedStore) -> None:
        if not await store.institutions.remove(customer_id):
            raise InstitutionNotFound

    on_store(data, work)


def _password() -> str | None:
    return None if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n") or None


def _tell(told: Any) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False))

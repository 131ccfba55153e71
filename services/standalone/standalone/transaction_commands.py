"""`wajah transactions`: the record that every job leaves, found and shown."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from wajah.contracts.errors import Code
from wajah.storage.ports import Transaction

from standalone.options import Data
from standalone.stored import on_store

_FORMATS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]


def transactions(
    *,
    client: Annotated[str | None, typer.Option(help="Of this client.")] = None,
    trx_id: Annotated[str | None, typer.Option(help="With the caller's own label.")] = None,
    user: Annotated[str | None, typer.Option(help="About this user.")] = None,
    outcome: Annotated[Code | None, typer.Option(metavar="CODE", help="With this status code: 200, 411, ...")] = None,
    since: Annotated[datetime | None, typer.Option(formats=_FORMATS, help="From then on; UTC unless it says.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_FORMATS, help="Before then.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many, the newest.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all fields.")] = False,
    data: Data = None,
) -> None:
    """List the records of finished jobs, newest first."""
    found = on_store(
        data,
        lambda store: store.transactions.find(
            client,
            trx_id=trx_id,
            user_id=user,
            code=outcome,
            since=_in_utc(since),
            until=_in_utc(until),
            limit=limit,
        ),
    )
    if as_json:
        typer.echo(json.dumps([told(each) for each in found], ensure_ascii=False, indent=2))
    else:
        Console().print(_table(found))


def told(transaction: Transaction) -> dict[str, Any]:
    """All fields, as JSON has them."""
    quality = None if transaction.quality is None else transaction.quality.model_dump()
    return asdict(transaction) | {"at": transaction.at.isoformat(), "quality": quality}


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _table(transactions: list[Transaction]) -> Table:
    table = Table("at (UTC)", "client", "job", "outcome", "gallery", "user", "similarity", "ms", "trx_id")
    for each in transactions:
        table.add_row(
            f"{each.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            each.client_id,
            each.job,
            each.code.value,
            each.gallery_id or "",
            each.user_id or "",
            "" if each.similarity is None else f"{each.similarity:.3f}",
            f"{sum(each.timings_ms.values()):.0f}",
            each.trx_id or "",
        )
    return table

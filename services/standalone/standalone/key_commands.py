"""`wajah key`: the API keys of a client. A key is shown once, when it is made."""

import json
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.types import MAX_IDENTIFIER_CHARS, OWN_CLIENTS
from wajah.security.tokens import new_token, sha256_of
from wajah.storage.ports import Api, ApiKey, Store

from standalone.options import Data
from standalone.stored import on_store

KEY_HEAD: Final = "wajah_"  # what scanners for leaked secrets look for; and a prefix never looks like an option
PREFIX_CHARS: Final = len(KEY_HEAD) + 8  # 48 of 256 bits are shown
DEFAULT_COLLECTION: Final = "users"

ClientId = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")]

app = typer.Typer(no_args_is_help=True, help="API keys: what a client calls an API with, instead of an access token.")


@app.command()
def add(
    client_id: ClientId,
    api: Annotated[Api, typer.Option(help="The API that it opens.")],
    collection: Annotated[
        str, typer.Option(help="The gallery that it selects: keys of one collection find the same users.")
    ] = DEFAULT_COLLECTION,
    data: Data = None,
) -> None:
    """Make a key, and print it as JSON."""
    text = KEY_HEAD + new_token()
    key = ApiKey(client_id, api, text[:PREFIX_CHARS], collection, datetime.now(UTC))

    async def work(store: Store) -> None:
        _check(key)
        await store.api_keys.add(key, sha256_of(text))

    on_store(data, work)
    typer.echo(json.dumps({"key": text, **_shown(key)}))


@app.command("list")
def list_keys(client_id: ClientId, data: Data = None) -> None:
    """Print the client's keys as JSON, oldest first. The keys themselves are known to nobody here."""

    async def work(store: Store) -> list[ApiKey]:
        return await store.api_keys.list(client_id)

    typer.echo(json.dumps([_shown(key) for key in on_store(data, work)]))


@app.command()
def revoke(
    client_id: ClientId,
    prefix: Annotated[str, typer.Argument(help="The key's prefix, as `wajah key list` shows it.")],
    data: Data = None,
) -> None:
    """End a key's life: a running platform refuses it from the next call on."""

    async def work(store: Store) -> None:
        if not await store.api_keys.revoke(client_id, prefix):
            raise WajahError(Code.MALFORMED, "the client has no such key")

    on_store(data, work)


def _check(key: ApiKey) -> None:
    if key.client_id in OWN_CLIENTS:
        raise WajahError(Code.MALFORMED, "this client belongs to the platform")
    if not key.collection.isprintable() or not 1 <= len(key.collection) <= MAX_IDENTIFIER_CHARS:
        raise WajahError(Code.MALFORMED, f"a collection is 1 to {MAX_IDENTIFIER_CHARS} printable characters")


def _shown(key: ApiKey) -> dict[str, str]:
    return {
        "prefix": key.prefix,
        "client_id": key.client_id,
        "api": key.api.value,
        "collection": key.collection,
        "created_at": key.created_at.isoformat(timespec="seconds"),
    }

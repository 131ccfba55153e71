"""`wajah keys`: the keys that the data keys of face templates are encrypted with."""

from collections import Counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from wajah.security.key_encryption_keys import KeyFile, KeySet, KeysUnfit
from wajah.storage.encrypted_store import EncryptedStore

from standalone.options import Data
from standalone.stored import on_store

KekId = Annotated[str, typer.Argument(metavar="KEY", help="The key's id, as `list` shows it.")]

app = typer.Typer(no_args_is_help=True, help="Encryption keys: what the templates of enrolled faces are encrypted with.")


@app.command("list")
def list_keys(data: Data = None) -> None:
    """Show the keys, and the data keys of how many clients each of them encrypts."""

    async def work(store: EncryptedStore) -> tuple[KeySet, Counter[str]]:
        return store.ring.keys.read(), await store.ring.used()

    keys, used = on_store(data, work)
    table = Table("key", "", "clients")
    for kek_id in keys.by_id:
        table.add_row(kek_id, "current" if kek_id == keys.current.kek_id else "", str(used[kek_id]))
    Console().print(table)


@app.command()
def rotate(data: Data = None) -> None:
    """Make a new key current, and encrypt all data keys with it; templates stay as they are.

    Where the keys come from WAJAH_KEYS, put a new one first there, restart the matchers, and rotate then.
    """

    async def work(store: EncryptedStore) -> tuple[str, int]:
        if isinstance(store.ring.keys, KeyFile):
            store.ring.keys.add()
        count = await store.ring.rewrap()
        return store.ring.keys.read().current.kek_id, count

    current, count = on_store(data, work)
    typer.echo(
        f"{current} is current, and encrypts the data keys of {count} clients that had another. Renew the copy of the keys."
    )


@app.command()
def retire(key: KekId, data: Data = None) -> None:
    """Remove a key that is not in use: what old copies of the database hold under it opens nowhere any more."""

    async def work(store: EncryptedStore) -> None:
        file = store.ring.keys
        if not isinstance(file, KeyFile):
            raise KeysUnfit("encryption keys: they are not in a file; take the key out of WAJAH_KEYS")
        keys = file.read()
        if key not in keys.by_id:
            raise KeysUnfit(f"encryption keys: {file.path} has no {key!r}")
        if key == keys.current.kek_id or key in await store.ring.used():
            raise KeysUnfit(f"encryption keys: {key!r} is in use; rotate first")
        file.remove(key)

    on_store(data, work)
    typer.echo(f"{key} is retired.")

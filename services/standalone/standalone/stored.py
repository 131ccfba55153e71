"""How the commands that administer work on the store."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import typer
from wajah.contracts.errors import WajahError
from wajah.security.key_encryption_keys import KeysUnfit
from wajah.settings import Settings
from wajah.storage.connect import open_store
from wajah.storage.encrypted_store import EncryptedStore
from wajah.storage.ports import NotRegistered

from standalone.options import settings_of

T = TypeVar("T")


def on_store(data: Path | None, work: Callable[[EncryptedStore], Awaitable[T]]) -> T:
    """Work on the settings' store, opened for it. A refusal is told in one line."""

    async def main(settings: Settings) -> T:
        store = open_store(settings.store_url, settings.encryption_keys)
        await store.start()
        try:
            return await work(store)
        finally:
            await store.stop()

    try:
        return asyncio.run(main(settings_of(data)))
    except NotRegistered:
        refusal = "no such client"
    except WajahError as error:
        refusal = error.message
    except KeysUnfit as unfit:
        refusal = str(unfit)
    typer.echo(refusal, err=True)
    raise typer.Exit(1)

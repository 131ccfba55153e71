"""A database with a person in it, for the commands that work on it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from standalone.cli import app
from typer.testing import CliRunner, Result
from wajah.contracts.errors import Code
from wajah.contracts.stages import Stage
from wajah.contracts.types import GalleryKey
from wajah.storage.connect import open_store
from wajah.storage.encrypted_store import EncryptedStore
from wajah.storage.ports import Client, Face, Quota, Transaction, UpstreamCall

T = TypeVar("T")

CLIENT = "acme"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEMPLATE = np.arange(8, dtype=np.float32)


def wajah(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--data", str(data)])


def on(data: Path, work: Callable[[EncryptedStore], Awaitable[T]]) -> T:
    async def main() -> T:
        store = open_store(f"sqlite:///{data / 'wajah.db'}")
        await store.start()
        try:
            return await work(store)
        finally:
            await store.stop()

    return asyncio.run(main())


def face(gallery_id: str, user_id: str, **changed: Any) -> Face:
    fields: dict[str, Any] = {
        "gallery": GalleryKey(CLIENT, gallery_id),
        "user_id": user_id,
        "user_name": f"name of {user_id}",
        "model_id": "model",
        "template": TEMPLATE,
        "job_id": f"enrolment of {user_id} in {gallery_id}",
        "enrolled_at": START,
    }
    return Face(**{**fields, **changed})


def transaction(number: int, **changed: Any) -> Transaction:
    fields: dict[str, Any] = {
        "job_id": f"job {number}",
        "job": "verify",
        "client_id": CLIENT,
        "trx_id": None,
        "code": Code.SUCCESS,
        "gallery_id": "staff",
        "user_id": "siti",
        "similarity": 0.875,
        "model_id": "model",
        "timings_ms": {"embed": 10.0, "match.verify": 1.5},
        "at": START + timedelta(hours=number),
    }
    return Transaction(**{**fields, **changed})


async def fill(store: EncryptedStore) -> None:
    """Siti, in two galleries, with records and a call of an outside service; and Budi, who is left alone."""
    for client_id in (CLIENT, "other"):
        await store.clients.add(Client(client_id, "no password", dict.fromkeys(Quota), START))
        for gallery_id in ("staff", "guests"):
            await store.galleries.create(GalleryKey(client_id, gallery_id), f"creation of {client_id} {gallery_id}")
    for each in (
        face("staff", "siti", consent_ref="form 17", retention_until=datetime(2099, 1, 1, tzinfo=UTC)),
        face("guests", "siti"),
        face("staff", "budi"),
        face("staff", "siti", gallery=GalleryKey("other", "staff"), job_id="another client's"),
    ):
        await store.faces.enrol(each, replace=False)
    await store.transactions.add(
        [
            transaction(1, trx_id="t1"),
            transaction(2, code=Code.NOT_VERIFIED, similarity=None),
            transaction(3, user_id="budi"),
            transaction(4, client_id="other"),
        ]
    )
    await store.upstream_calls.begin(
        UpstreamCall("job 1", Stage.PL_REGISTER, GalleryKey(CLIENT, "staff"), "siti", "Siti", START)
    )

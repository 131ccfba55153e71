"""How long a new store takes to load a large gallery, to check a token, and to enrol: `store_bench URL COUNT DIMENSION`."""

import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from wajah.contracts.types import GalleryKey
from wajah.security.key_encryption_keys import KeyFile
from wajah.storage.connect import open_store
from wajah.storage.ports import Client, Face, Quota, Store

MODEL = "bench"
WRITERS = 64
CALLS = 300


async def filled(store: Store, count: int, dimension: int) -> GalleryKey:
    """A new gallery of `count` random faces, enrolled as services do: each durable by itself."""
    gallery = GalleryKey(await _client(store, hits=None), "bench")
    await store.galleries.create(gallery, secrets.token_hex(16))
    numbers = iter(range(count))
    random = np.random.default_rng(1)

    async def enrol() -> None:
        for number in numbers:
            template = random.standard_normal(dimension, dtype=np.float32)
            await store.faces.enrol(
                Face(
                    gallery=gallery,
                    user_id=f"user-{number:x}",
                    user_name=f"Name {number}",
                    model_id=MODEL,
                    template=template / np.linalg.norm(template),
                    job_id=f"{gallery.client_id}-{number}",
                    enrolled_at=datetime.now(UTC),
                ),
                replace=False,
            )

    await asyncio.gather(*(enrol() for _ in range(WRITERS)))
    return gallery


async def load_seconds(store: Store, count: int, dimension: int) -> float:
    """Seconds to load a gallery of that size, of which filling it is no part."""
    gallery = await filled(store, count, dimension)
    start = time.perf_counter()
    loaded = sum([len(batch.user_ids) async for batch in store.faces.load(gallery, MODEL)])
    elapsed = time.perf_counter() - start
    if loaded != count:
        raise RuntimeError(f"{loaded} of {count} faces")
    return elapsed


async def authorise_ms(store: Store, *, hits: int | None) -> float:
    """The median of checking a token, in milliseconds, of a client with so many hits or without a limit."""
    client_id = await _client(store, hits=hits)
    token = secrets.token_bytes(32)
    await store.tokens.add(client_id, token, None)
    took: list[float] = []
    for _ in range(CALLS):
        start = time.perf_counter()
        await store.clients.authorise(token, hits=1)
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


async def _client(store: Store, *, hits: int | None) -> str:
    client_id = f"bench-{secrets.token_hex(4)}"
    remaining = {Quota.HITS: hits, Quota.FACES: None, Quota.GALLERIES: None}
    await store.clients.add(Client(client_id, "", remaining, datetime.now(UTC)))
    return client_id


async def main(url: str, count: int, dimension: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(url, KeyFile(Path(folder) / "key"))
        await store.start()
        await _report(store, count, dimension)
        await store.stop()


async def _report(store: Store, count: int, dimension: int) -> None:
    start = time.perf_counter()
    load_s = await load_seconds(store, count, dimension)
    fill_s = time.perf_counter() - start - load_s
    print(f"enrol, {WRITERS} at a time: {count / fill_s:.0f}/s")
    print(f"load {count} x {dimension}: {load_s:.2f} s")
    for name, hits in (("without a limit", None), ("with a limit", 10**6)):
        print(f"authorise {name}: {await authorise_ms(store, hits=hits):.2f} ms")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

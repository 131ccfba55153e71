"""A process that dies while it enrols: what SQLite acknowledged is there afterwards, and nothing twice."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from wajah.storage.sqlite.store import SqliteStore

from tests.contract.storage_samples import client_in, gallery_in
from tests.fault.enrolling import GALLERY

ENOUGH = 300


@pytest.mark.parametrize("_attempt", range(3))
async def test_what_a_killed_process_acknowledged_is_there(tmp_path: Path, _attempt: int) -> None:
    path = tmp_path / "wajah.db"
    await _prepared(path)

    acknowledged = await asyncio.to_thread(_killed_after, ENOUGH, path)

    store = SqliteStore(path)
    await store.start()
    listed = [user_id for user_id, _ in await store.faces.list(GALLERY)]
    loaded = [user_id async for batch in store.faces.load(GALLERY, "pack") for user_id in batch.user_ids]
    sequence = await store.galleries.sequence(GALLERY)
    changes = await store.galleries.changes(GALLERY, sequence - len(listed))
    await store.stop()
    assert len(acknowledged) >= ENOUGH
    assert set(acknowledged) <= set(listed)
    assert len(listed) == len(set(listed))
    assert sorted(loaded) == sorted(listed)
    assert changes.user_ids is None or changes.user_ids == set(listed)


async def _prepared(path: Path) -> None:
    store = SqliteStore(path)
    await store.start()
    await gallery_in(store, await client_in(store, GALLERY.client_id), GALLERY.gallery_id)
    await store.stop()


def _killed_after(count: int, path: Path) -> list[str]:
    """The users whose enrolments were acknowledged before SIGKILL."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fault.enrolling", str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(count)]
        child.kill()
        lines += child.stdout.readlines()
    return [line.rstrip("\n") for line in lines if line.endswith("\n")]

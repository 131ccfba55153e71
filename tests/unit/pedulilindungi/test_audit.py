"""What the record of calls is searched for, and what it forgets."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pedulilindungi.audit import OPEN, audit
from wajah.contracts.errors import Code
from wajah.contracts.stages import Stage
from wajah.storage.connect import open_store
from wajah.storage.ports import Settlement, Store, UpstreamCall

from tests.unit.matcher.faces import GALLERY


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'wajah.db'}")
    await store.start()
    yield store
    await store.stop()


async def accepted(store: Store, job_id: str, age: timedelta) -> None:
    call = UpstreamCall(job_id, Stage.PL_REGISTER, GALLERY, "nik", "Siti", datetime.now(UTC) - age)
    await store.upstream_calls.begin(call)
    await store.upstream_calls.end(job_id, Stage.PL_REGISTER, Code.SUCCESS, "", {"success": True})


async def test_old_acceptances_that_led_nowhere_are_counted_and_kept(store: Store) -> None:
    await accepted(store, "long ago", timedelta(days=100))
    await accepted(store, "just now", timedelta())
    await accepted(store, "settled", timedelta(minutes=10))
    await store.upstream_calls.settle("settled", Stage.PL_REGISTER, Settlement.RECONCILED)

    await audit(store.upstream_calls, retention_days=30)

    assert OPEN._value.get() == 1
    assert await store.upstream_calls.get("long ago", Stage.PL_REGISTER) is not None


async def test_what_was_settled_long_ago_is_forgotten(store: Store) -> None:
    for job_id, age in (("old", timedelta(days=31)), ("young", timedelta(days=29))):
        await accepted(store, job_id, age)
        await store.upstream_calls.settle(job_id, Stage.PL_REGISTER, Settlement.SUPERSEDED)

    await audit(store.upstream_calls, retention_days=30)

    assert await store.upstream_calls.get("old", Stage.PL_REGISTER) is None
    assert await store.upstream_calls.get("young", Stage.PL_REGISTER) is not None

"""A stand-in of the test's own, and a connection to it."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dukcapil.account import Account
from dukcapil.upstream import Dukcapil

from tests.stand_ins.dukcapil.serving import StandIn, stand_in


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[StandIn]:
    """Dukcapil, as far as the connector can tell."""
    async with stand_in(tmp_path) as running:
        yield running


@pytest.fixture
async def dukcapil(there: StandIn) -> AsyncIterator[Dukcapil]:
    settings = there.settings()
    dukcapil = Dukcapil(settings, Account.of(settings))
    yield dukcapil
    await dukcapil.close()


def soon(seconds: float = 2.0) -> float:
    """A point in time to be done by."""
    return time.time() + seconds

"""A stand-in of the test's own, and a connection to it."""

import time
from collections.abc import AsyncIterator

import pytest
from pedulilindungi.upstream import PeduliLindungi

from tests.stand_ins.pedulilindungi.serving import StandIn, stand_in


@pytest.fixture
async def pl() -> AsyncIterator[StandIn]:
    async with stand_in() as running:
        yield running


@pytest.fixture
async def upstream(pl: StandIn) -> AsyncIterator[PeduliLindungi]:
    upstream = PeduliLindungi(pl.settings())
    yield upstream
    await upstream.close()


def soon(seconds: float = 2.0) -> float:
    """A point in time to be done by."""
    return time.time() + seconds

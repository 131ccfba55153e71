"""Waiting for what happens elsewhere, and has no event of its own."""

import asyncio
from collections.abc import Callable

PAUSE_S = 0.02


async def until(happened: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Return when it has happened. Raises TimeoutError."""
    for _ in range(round(within_s / PAUSE_S)):
        if happened():
            return
        await asyncio.sleep(PAUSE_S)
    raise TimeoutError

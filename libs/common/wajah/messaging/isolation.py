"""Lets a suspect job run alone, so that what it takes down with it is nobody else's work."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from wajah.contracts.envelope import Envelope

SETTLE_S: Final = 0.05  # a worker that comes back is handed all its suspects within a few milliseconds


def turn(envelope: Envelope) -> float:
    """A suspect's place among the suspects, from 0 to 1; the lowest goes first.

    When a worker dies, everything it had in hand becomes suspect, and nobody knows which job it was. Two jobs that were in
    hand together trade places at every attempt, so that whoever stood behind the culprit goes before it the next time.
    """
    digest = hashlib.blake2b(envelope.job_id.encode(), digest_size=6).digest()
    place = int.from_bytes(digest, "big") / 2**48
    return place if envelope.attempts % 2 == 0 else 1 - place


class Gate:
    """Many may be inside together, or one suspect alone. Nobody else enters while a suspect waits."""

    def __init__(self, settle_s: float = SETTLE_S) -> None:
        self._settle_s = settle_s
        self._inside = 0
        self._suspects: list[float] = []
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def together(self) -> AsyncGenerator[None]:
        while self._suspects:
            await self._change()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            self._changed.set()

    @asynccontextmanager
    async def alone(self, place: float) -> AsyncGenerator[None]:
        """`place` orders the suspects, see `turn`; they wait a moment for each other."""
        self._suspects.append(place)
        try:
            await asyncio.sleep(self._settle_s)
            while self._inside or place != min(self._suspects):
                await self._change()
            self._inside += 1
            try:
                yield
            finally:
                self._inside -= 1
        finally:
            self._suspects.remove(place)
            self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

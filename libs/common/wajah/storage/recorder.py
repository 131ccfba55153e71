"""Writes the record that every job leaves, behind the reply: no caller waits for it."""

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import Final

import structlog

from wajah.contracts.envelope import Envelope, Reply
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.results import Compared, Embedded, EmbeddedPair, Identified, KtpVerified, Verified
from wajah.storage.ports import Transaction, Transactions

CAPACITY: Final = 100_000  # some 40 MB: minutes of a full load while the store is away
BATCH: Final = 500
LINGER_S: Final = 0.25  # a durable write costs as much for one record as for a hundred
RETRY_S: Final = 1.0

_log = structlog.get_logger(__name__)


class TransactionRecorder:
    """Keeps records in memory until the store has them. An orderly stop loses none that the store takes."""

    def __init__(self, transactions: Transactions, *, capacity: int = CAPACITY) -> None:
        self._transactions = transactions
        self._capacity = capacity
        self._waiting: deque[Transaction] = deque()
        self._lost = 0
        self._arrived = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    @property
    def lost(self) -> int:
        """Records given up because the store was away for too long."""
        return self._lost

    async def start(self) -> None:
        self._writer = asyncio.create_task(self._write_forever(), name="transaction recorder")

    async def record(self, envelope: Envelope, reply: Reply) -> None:
        """Take note of a job that ended. Returns at once; past the capacity the record is counted as lost."""
        if len(self._waiting) >= self._capacity:
            self._lost += 1
            _log.error("transaction lost", job_id=envelope.job_id, trx_id=envelope.trx_id, lost=self._lost)
            return
        self._waiting.append(transaction_of(envelope, reply))
        self._arrived.set()

    async def stop(self) -> None:
        """Return when the store has everything, or refuses it."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait({self._writer})
            self._writer = None
        while self._waiting:
            try:
                await self._write()
            except WajahError:
                _log.error("transactions lost", lost=len(self._waiting))
                return

    async def _write_forever(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(LINGER_S)
            self._arrived.clear()
            while self._waiting:
                try:
                    await self._write()
                except WajahError as error:
                    _log.warning("transactions wait for the store", waiting=len(self._waiting), reason=error.message)
                    await asyncio.sleep(RETRY_S)

    async def _write(self) -> None:
        """Records leave the memory only when the store has them: writing one twice changes nothing."""
        batch = [self._waiting[i] for i in range(min(BATCH, len(self._waiting)))]
        await self._transactions.add(batch)
        for _ in batch:
            self._waiting.popleft()


def transaction_of(envelope: Envelope, reply: Reply) -> Transaction:
    """What is kept of a job: who asked what, how it ended, and how long each stage took."""
    pair = reply.find(EmbeddedPair)
    embedded = pair or reply.find(Embedded)
    compared = reply.find(Compared)
    verified = reply.find(Verified)
    identified = reply.find(Identified)
    similar = pair or compared or verified or identified
    user_id = identified.best.user_id if identified and identified.best else envelope.payload.get("user_id")
    return Transaction(
        job_id=envelope.job_id,
        job=envelope.job.value,
        client_id=envelope.client_id,
        trx_id=envelope.trx_id,
        code=_code(reply),
        gallery_id=envelope.gallery.gallery_id or None,
        user_id=None if user_id is None else str(user_id),
        similarity=None if similar is None else similar.similarity,
        model_id=next((each.model_id for each in (embedded, compared) if each is not None), None),
        timings_ms={stage.value: elapsed for stage, elapsed in reply.timings_ms.items()},
        at=datetime.now(UTC),
        quality=None if embedded is None else embedded.quality,
    )


def _code(reply: Reply) -> Code:
    if reply.error is not None:
        return reply.error.code
    decided = reply.find(Verified) or reply.find(EmbeddedPair) or reply.find(KtpVerified)
    identified = reply.find(Identified)
    refused = (decided is not None and not decided.verified) or (identified is not None and identified.best is None)
    return Code.NOT_VERIFIED if refused else Code.SUCCESS

"""What enrolments and galleries take from a client's quota, and what comes back.

Nothing here is one transaction with the write that it accounts for. Units are taken before a write and given back after it,
so that a crash in between costs the client that unit and never gives one away. What can: two callers who at once delete a
user and enrol it anew, where the enrolment still saw the face and took nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from wajah.contracts.errors import WajahError
from wajah.storage.ports import Clients, Quota, StoreUnavailable


@dataclass(slots=True)
class Reservation:
    """One unit taken; given back where it turns out not to be needed."""

    needed: bool = True


@asynccontextmanager
async def reserved(clients: Clients, client_id: str, quota: Quota) -> AsyncIterator[Reservation]:
    """Take one unit for the block; it is given back when the block fails, or says that it is not needed.

    Raises QuotaUsedUp, also for a client that is not registered. Where the store became unavailable in the block, the write
    may have happened: the unit stays taken.
    """
    await clients.take(client_id, quota)
    reservation = Reservation()
    try:
        yield reservation
    except StoreUnavailable:
        raise
    except WajahError:
        await clients.give_back(client_id, quota)
        raise
    if not reservation.needed:
        await clients.give_back(client_id, quota)

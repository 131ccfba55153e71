"""What the store has of the institutions that we serve the Dukcapil FR API to: a part of `wajah.storage.ports`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from wajah.contracts.errors import Code, WajahError


class InstitutionExists(WajahError):
    def __init__(self) -> None:
        super().__init__(Code.MALFORMED, "institution already exists")


class InstitutionNotFound(WajahError):
    def __init__(self) -> None:
        super().__init__(Code.MALFORMED, "no such institution")


class DailyQuotaUsedUp(WajahError):
    def __init__(self) -> None:
        super().__init__(Code.DENIED, "Requested resource denied: daily quota used up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """Who calls with `user_id` and a password, from some `networks` (CIDR), `daily_quota` times a day; what it searches is
    one gallery of a client. `customer_id` stands in the path of its calls."""

    customer_id: str
    client_id: str
    gallery_id: str
    user_id: str
    password_hash: str = field(repr=False)
    networks: tuple[str, ...]
    daily_quota: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InstitutionKey:
    """What an institution's credentials are decrypted with, until `ends_at`; None is without end.

    `private` is PKCS#8 in DER as services see it, and opaque to a database.
    """

    fingerprint: str
    """SHA-256 of the public key, as `wajah.security.rsa_credentials.fingerprint` tells it."""
    customer_id: str
    client_id: str
    private: bytes = field(repr=False)
    created_at: datetime
    ends_at: datetime | None = None


class Institutions(Protocol):
    """They end with their client's account."""

    async def add(self, institution: Institution) -> None:
        """Raises InstitutionExists, NotRegistered for an unknown client."""

    async def get(self, customer_id: str) -> Institution | None:
        """None also while its client is deregistered."""

    async def list(self) -> list[Institution]:
        """All, in order of their ids."""

    async def change(
        self,
        customer_id: str,
        *,
        networks: Sequence[str] | None = None,
        daily_quota: int | None = None,
        password_hash: str | None = None,
    ) -> None:
        """What is None stays. Raises InstitutionNotFound."""

    async def remove(self, customer_id: str) -> bool:
        """With its keys. False where there is none."""

    async def take(self, customer_id: str, day: date) -> int:
        """Count one call of that day, in one atomic update; how many are left of its quota. A day that is over counts as
        the latest that was asked for. Raises DailyQuotaUsedUp, InstitutionNotFound."""

    async def left(self, customer_id: str, day: date) -> int:
        """What is left of that day's quota, from 0. Raises InstitutionNotFound."""


class InstitutionKeys(Protocol):
    async def add(self, key: InstitutionKey, *, others_end_at: datetime) -> None:
        """The institution's other keys end then, if not earlier; those that ended before this one was made are erased.
        Raises InstitutionNotFound."""

    async def list(self, customer_id: str) -> list[InstitutionKey]:
        """Newest first, those that have ended included."""

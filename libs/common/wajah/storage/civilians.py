"""The platform's own civil register, for those who have one to keep: whom a NIK belongs to. Faces are enrolled elsewhere."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Civilian:
    """The holder of a NIK."""

    nik: str
    name: str
    birth_date: date


class Civilians(Protocol):
    """Every method ends in time or raises StoreUnavailable, like those of `wajah.storage.ports`."""

    async def put(self, civilian: Civilian) -> None:
        """Whatever was known of this NIK is replaced."""

    async def get(self, nik: str) -> Civilian | None: ...

    async def remove(self, nik: str) -> bool:
        """False where there is no such NIK."""

    async def count(self) -> int: ...

"""What identity cards are held against, whoever keeps it: the one question that a verification asks."""

from dataclasses import dataclass
from typing import Protocol

from wajah.contracts.jobs import VerifyKtp


@dataclass(frozen=True, slots=True)
class Findings:
    """About a NIK that exists. `face_percent` is from 0 to 100."""

    name: bool
    birth_date: bool
    face_percent: float


class Registry(Protocol):
    async def look_up(self, card: VerifyKtp, *, transaction: str, until: float) -> Findings | None:
        """None where there is no such NIK. `until` is Unix time in seconds, `transaction` a name for this call.

        Raises WajahError: 412, 413 or 493 for a photograph without a face to be compared, 706 where Dukcapil said so, and
        any other code where the registry can't answer.
        """

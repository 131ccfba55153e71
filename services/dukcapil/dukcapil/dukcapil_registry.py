"""Dukcapil as the registry: the biographic check, then the 1:1 comparison of the face."""

from typing import Final

from wajah.contracts.jobs import VerifyKtp

from dukcapil.answers import MAX_SCORE
from dukcapil.registry import Findings
from dukcapil.upstream import Dukcapil

MATCH_PERCENT: Final = 75.0


class DukcapilRegistry:
    """`dukcapil.registry.Registry`. `match_score` is the score that means 75 %."""

    def __init__(self, dukcapil: Dukcapil, *, match_score: float) -> None:
        self._dukcapil = dukcapil
        self._match_score = match_score

    async def look_up(self, card: VerifyKtp, *, transaction: str, until: float) -> Findings | None:
        """Nothing is asked about the face of a NIK that doesn't exist: it would cost a call of the quota."""
        elements = await self._dukcapil.check(card.nik, card.name, card.birth_date, transaction=transaction, until=until)
        if elements is None:
            return None
        compared = await self._dukcapil.compare(card.nik, card.image, transaction=transaction, until=until)
        if compared is None:
            return None
        return Findings(elements.name, elements.birth_date, percent_of(compared.score, self._match_score))


def percent_of(score: float, match_score: float) -> float:
    """Two straight lines: 0 is 0 %, `match_score` 75 %, 20 100 %."""
    if score < match_score:
        return MATCH_PERCENT * score / match_score
    return MATCH_PERCENT + (100 - MATCH_PERCENT) * (score - match_score) / (MAX_SCORE - match_score)

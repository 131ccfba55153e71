"""Scores from 0 to 20 for calibrated similarities from 0 to 1: twenty times as much, to six decimals.

A face that reached the threshold never has a score below it, whatever the rounding.
"""

import re
from typing import Final

MAX_SCORE: Final = 20.0
MIN_THRESHOLD: Final = 1.0
DECIMALS: Final = 6

_NUMBER: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,20})?")


def threshold_of(given: float | str) -> float | None:
    """A score from 1 to 20, as a number or its text; None for anything else."""
    if isinstance(given, str):
        given = given.strip()
        if not _NUMBER.fullmatch(given):
            return None
    threshold = float(given)
    return threshold if MIN_THRESHOLD <= threshold <= MAX_SCORE else None


def similarity_of(threshold: float) -> float:
    return threshold / MAX_SCORE


def score_of(similarity: float, *, at_least: float = 0.0) -> float:
    return max(at_least, round(min(1.0, max(0.0, similarity)) * MAX_SCORE, DECIMALS))

"""What Dukcapil's face recognition answers, validated: people and scores, or the documented code of what went wrong."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json
from wajah.contracts.errors import MESSAGES, Code, WajahError
from wajah.contracts.results import Likeness
from wajah.upstream.faults import Down, ServerFault, Unreadable
from wajah.upstream.transport import Received

MAX_FOUND: Final = 10
MAX_SCORE: Final = 20.0
TOLD_CHARS: Final = 200

SUCCESS: Final = 6018
NO_MATCH: Final = 6019
NIK_NOT_FOUND: Final = 6020
BUSY: Final = frozenset({5000, 6014})

_REFUSALS: Final[dict[int, Code]] = {
    5001: Code.DK_REFUSED,  # no such account
    5002: Code.DK_QUOTA,
    5003: Code.DK_REFUSED,  # another address than the account's
    5004: Code.DK_REFUSED,  # parameters missing
    5005: Code.DK_REFUSED,  # threshold outside 1 to 20
    5006: Code.DK_REFUSED,  # can not decrypt
    6006: Code.DK_REFUSED,  # wrong data format
    6015: Code.DK_IMAGE,
    9002: Code.DK_REFUSED,  # wrong password
}
_NIK: Final = re.compile(r"[0-9A-Za-z]{1,20}")  # Dukcapil masks digits with X in some of its answers
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class Busy(Down):
    """It said so, and did nothing: it may be asked again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`code` and `message` stand in it in two ways: side by side, or both within `error`."""

    code: int
    message: str
    fields: Mapping[str, Any]

    def succeeded(self, *others: int) -> bool:
        """Whether it is a success, or one of the `others`, which is False. Raises Busy, and WajahError 700 to 702 or 706."""
        if self.code == SUCCESS or self.code in others:
            return self.code == SUCCESS
        if self.code in BUSY:
            raise Busy
        code = _REFUSALS.get(self.code, Code.DK_UNKNOWN)
        told = {"errorCode": str(self.code), "error": self.message}
        raise WajahError(code, f"{MESSAGES[code]} ({self.code})", answer=told)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of a face with that of a NIK. `score` is from 0 to 20; `quota_left` None where it was not told."""

    score: float
    quota_left: int | None


def answer_of(received: Received) -> Answer:
    """HTTP is always 200. Raises ServerFault, Unreadable."""
    if received.status >= 500:
        raise ServerFault
    try:
        fields = from_json(received.body, allow_inf_nan=False)
    except ValueError:
        raise Unreadable from None
    if received.status != 200 or not isinstance(fields, dict):
        raise Unreadable
    error = fields.get("error")
    code, message = fields.get("errorCode"), error
    if isinstance(error, dict):
        code, message = error.get("errorCode"), error.get("errorMessage")
    if isinstance(code, bool) or not _NUMBER.fullmatch(str(code).strip()):
        raise Unreadable
    return Answer(int(str(code)), str(message or "").strip()[:TOLD_CHARS], fields)


def found_in(answer: Answer) -> tuple[Likeness, ...]:
    """The people of a 1:N answer, best first. Raises Unreadable and what `Answer.succeeded` raises."""
    if not answer.succeeded(NO_MATCH):
        return ()
    found = [_likeness(nik, score) for scores in _engines(answer.fields.get("response")) for nik, score in scores.items()]
    return tuple(sorted(found, key=lambda each: (-each.score, each.nik))[:MAX_FOUND])


def comparison_in(answer: Answer) -> Comparison | None:
    """The score of a 1:1 answer; None where there is no such NIK. Raises like `found_in`."""
    if not answer.succeeded(NO_MATCH, NIK_NOT_FOUND) and answer.code == NIK_NOT_FOUND:
        return None
    left = str(answer.fields.get("quotaLimiter", "")).strip()
    return Comparison(_score(answer.fields.get("matchScore")), int(left) if _NUMBER.fullmatch(left) else None)


def _engines(response: Any) -> list[dict[str, Any]]:
    """Scores by NIK, of each recognition engine (there is one, FACE_T5), out of JSON inside a string."""
    try:
        told = from_json(response, allow_inf_nan=False) if isinstance(response, str) else response
        engines = list(told["face"].values())
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable from None
    if not all(isinstance(each, dict) for each in engines):
        raise Unreadable
    return engines


def _likeness(nik: str, score: Any) -> Likeness:
    digits = "".join(nik.split())
    if not _NIK.fullmatch(digits):
        raise Unreadable
    return Likeness(nik=digits, score=_score(score))


def _score(told: Any) -> float:
    """A number, or a number as text."""
    try:
        score = math.nan if isinstance(told, bool) else float(told)
    except (TypeError, ValueError):
        raise Unreadable from None
    if not 0 <= score <= MAX_SCORE:
        raise Unreadable
    return score

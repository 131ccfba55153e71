"""What the stand-in knows, what it was told to do, and what it was asked."""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


class Behaviour(StrEnum):
    """Every way to answer wrongly, beside the document's own codes."""

    SERVER_ERROR = "server_error"
    NOT_FOUND = "not_found"
    HTML = "html"
    LIST = "list"
    NO_CODE = "no_code"
    NO_RESPONSE_FIELD = "no_response_field"
    RESPONSE_NOT_JSON = "response_not_json"
    SCORE_TOO_HIGH = "score_too_high"
    SCORE_NOT_A_NUMBER = "score_not_a_number"
    NIK_NOT_A_NIK = "nik_not_a_nik"
    HUGE = "huge"
    DRIP = "drip"
    BROKEN_OFF = "broken_off"
    REDIRECT = "redirect"
    COMPRESSED = "compressed"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Call:
    """A question that arrived, with its credentials as they were sent."""

    path: str
    body: dict[str, Any]


@dataclass(slots=True)
class State:
    """`script` says how the next questions are answered: a code of the document, or a behaviour. Past it, normally."""

    key: RSAPrivateKey
    user_id: str = "lembaga"
    password: str = "rahasia"
    found: dict[str, float] = field(default_factory=dict)
    """The answer of a 1:N search: score by NIK, written as it stands here."""
    people: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name and birth date (dd-mm-yyyy), by NIK."""
    scores: dict[str, str] = field(default_factory=dict)
    """The answer of a 1:1 comparison: score by NIK."""
    script: deque[int | Behaviour] = field(default_factory=deque)
    calls: list[Call] = field(default_factory=list)

"""The answers, field by field in the order of the document: two shapes, one a method, and each code in its own.

The search tells with a string and wraps its candidates as JSON inside a string; but what is wrong with account or threshold
it tells in the shape of the 1:1 method.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic_core import to_json

from ingress.api.dukcapil.address import Method
from ingress.api.dukcapil.outcomes import TEXTS, Outcome

MAX_RESULTS: Final = 10

_OF_ACCOUNT: Final = frozenset({Outcome.NO_SUCH_ACCOUNT, Outcome.WRONG_PASSWORD, Outcome.WRONG_THRESHOLD})


@dataclass(slots=True)
class Call:
    """What an answer tells of its call, as far as it is known: nothing that was decrypted, before it is known to be ours."""

    method: Method
    transaction_id: str | None = None
    threshold: float | None = None
    """Once the caller's account is known, and the threshold accepted."""
    quota_left: int = 0
    uid: str = ""
    """The NIK, once it is known to be enrolled."""
    score: float = 0.0
    """1:1: of the two faces."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """1:N: of each candidate, best first."""


def body_of(call: Call, outcome: Outcome) -> dict[str, Any]:
    if call.method is Method.VERIFY or outcome in _OF_ACCOUNT:
        return _one_to_one(call, outcome)
    return _one_to_many(call, outcome)


def json_of(call: Call, outcome: Outcome) -> bytes:
    return to_json(body_of(call, outcome))


def _one_to_one(call: Call, outcome: Outcome) -> dict[str, Any]:
    return {
        "error": {"errorCode": outcome.value, "errorMessage": TEXTS[outcome]},
        "httpResponseCode": "200",
        "matchScore": _number(call.score),
        "transactionId": call.transaction_id or "",
        "uid": call.uid,
        "verificationResult": "true" if outcome is Outcome.SUCCESS else "false",
        "quotaLimiter": str(call.quota_left),
    }


def _one_to_many(call: Call, outcome: Outcome) -> dict[str, Any]:
    incomplete = outcome is Outcome.PARAMETERS_MISSING
    body = {
        "tid": None if incomplete else call.transaction_id,
        "encounter_id": None,
        "error": TEXTS[outcome],
        "errorCode": str(outcome.value),
        "finger_data": None,
        "iris_data": None,
        "face_data": None,
        "request_type": "Identification",
        "maxResults": MAX_RESULTS,
        "faceThreshold": "0" if call.threshold is None else str(call.threshold),
        "fingerThreshold": 0,
        "irisThreshold": 0,
    }
    if incomplete:
        return body
    return body | {"response": to_json({"face": {"FACE_T5": dict(call.scores)}}).decode()}


def _number(score: float) -> str:
    return str(score) if score else "0"

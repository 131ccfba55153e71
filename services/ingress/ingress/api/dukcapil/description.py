"""What the OpenAPI document says of the endpoints."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from ingress.api.dukcapil.address import PREFIX, Method
from ingress.api.dukcapil.answers import Call, body_of
from ingress.api.dukcapil.bodies import SearchBody, VerifyBody
from ingress.api.dukcapil.faults import JSON
from ingress.api.dukcapil.outcomes import TEXTS, Outcome

_CUSTOMER_ID: Final[dict[str, Any]] = {
    "name": "customer_id",
    "in": "path",
    "required": True,
    "description": "The institution's id.",
    "schema": {"type": "string", "minLength": 1},
}
_CODES: Final = "\n".join(
    (
        "HTTP is always 200; `errorCode` tells the outcome. The method is matched in any case.",
        "",
        "| code | told |",
        "|---|---|",
        *(f"| {outcome.value} | {TEXTS[outcome]} |" for outcome in Outcome),
        "",
        "Scores are from 0 to 20: twenty times the calibrated similarity, to six decimals. A call counts towards the day's "
        "quota (midnight, Asia/Jakarta) once account, address and threshold are accepted. Unless the operator chose "
        "otherwise, whatever is wrong with the credentials is told as 5001.",
    )
)


@dataclass(frozen=True, slots=True)
class Operation:
    method: Method
    path: str
    text: str
    body: type[SearchBody]
    told: Call
    outcomes: tuple[Outcome, ...]


OPERATIONS: Final = (
    Operation(
        Method.SEARCH,
        PREFIX + "/{customer_id}/CALL_FN",
        "1:N: at most ten of the institution's faces that reach the threshold, best first, as JSON inside a string.",
        SearchBody,
        Call(Method.SEARCH, "0211202201", 7.0, 80, scores={"3175031234567890": 9.882619, "3522161234567890": 7.519572}),
        (Outcome.SUCCESS, Outcome.NO_SUCH_ACCOUNT, Outcome.PARAMETERS_MISSING),
    ),
    Operation(
        Method.VERIFY,
        PREFIX + "/dukcapil/{customer_id}/CALL_FR",
        "1:1: whether the face is that of the NIK.",
        VerifyBody,
        Call(Method.VERIFY, "0211202201", 7.0, 80, "3175031234567890", 12.345678),
        (Outcome.SUCCESS, Outcome.NIK_NOT_FOUND),
    ),
)


def described(operation: Operation) -> dict[str, Any]:
    """Keyword arguments of `add_api_route`."""
    examples = {
        str(outcome.value): {"summary": TEXTS[outcome], "value": _example(operation, outcome)}
        for outcome in operation.outcomes
    }
    return {
        "summary": operation.method.value,
        "description": f"{operation.text}\n\n{_CODES}",
        "tags": ["Dukcapil face recognition"],
        "operation_id": f"dukcapil_{operation.method.value.lower()}",
        "methods": ["POST"],
        "response_model": None,
        "response_class": Response,
        "responses": {
            200: {"description": "Whatever the outcome", "content": {JSON: {"schema": _ANSWER, "examples": examples}}}
        },
        "openapi_extra": {
            "security": [],
            "parameters": [_CUSTOMER_ID],
            "requestBody": {
                "required": True,
                "content": {JSON: {"schema": operation.body.model_json_schema(), "example": operation.body.EXAMPLE}},
            },
        },
    }


def _example(operation: Operation, outcome: Outcome) -> dict[str, Any]:
    told = operation.told if outcome is Outcome.SUCCESS else Call(operation.method, operation.told.transaction_id)
    return body_of(told, outcome)


_ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "error": {
            "oneOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"errorCode": {"type": "integer"}, "errorMessage": {"type": "string"}},
                },
            ]
        },
        "errorCode": {"type": "string"},
        "response": {"type": "string", "contentMediaType": JSON},
    },
}

"""What never reached the API, in its own shapes: HTTP is 200 there whatever happens."""

from typing import Final

from starlette.responses import Response

from ingress.api.dukcapil.address import method_of
from ingress.api.dukcapil.answers import Call, json_of
from ingress.api.dukcapil.outcomes import Outcome

JSON: Final = "application/json"

_OUTCOMES: Final[dict[int, Outcome]] = {
    404: Outcome.PARAMETERS_MISSING,
    405: Outcome.PARAMETERS_MISSING,
    408: Outcome.WRONG_FORMAT,
    413: Outcome.WRONG_FORMAT,
}


def outcome_of(status: int) -> Outcome:
    return _OUTCOMES.get(status, Outcome.GATEWAY_BUSY)


def fault_answer(path: str, status: int) -> Response:
    """`status` is what HTTP would have said."""
    return Response(json_of(Call(method_of(path)), outcome_of(status)), media_type=JSON)

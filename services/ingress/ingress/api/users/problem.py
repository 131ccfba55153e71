"""The problem object: the one shape of every error under `/users`, whatever its HTTP status."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json
from starlette.responses import Response

JSON: Final = "application/json"  # as the document shows it, not application/problem+json

TITLES: Final[dict[int, tuple[str, str]]] = {
    400: ("Bad Request", "Invalid request."),
    401: ("Unauthorized", "Missing, unknown or revoked API key."),
    403: ("Forbidden", "Server refuses to fulfil the request."),
    404: ("Not Found", "Server cannot find the requested resource."),
    405: ("Method Not Allowed", "Server does not support this method for the requested resource."),
    408: ("Request Timeout", "The request did not arrive in time."),
    413: ("Content Too Large", "The request is larger than the server takes."),
    429: ("Too Many Requests", "The quota of requests is used up."),
    500: ("Internal Server Error", "Server error."),
    503: ("Service Unavailable", "Server busy, try again later."),
}


class Problem(Exception):
    """A refusal. `errors` say what is wrong, and are shown to the caller."""

    def __init__(self, status: int, *errors: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.errors = errors
        self.headers = headers
        super().__init__(f"{status} {', '.join(errors)}")


def problem_of(status: int, errors: Sequence[str] = ()) -> dict[str, Any]:
    """The object: its fields in the document's order, `errors` only where there are some. `status` is one of TITLES."""
    title, detail = TITLES[status]
    problem = {
        "status": status,
        "title": title,
        "detail": detail,
        "type": f"https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/{status}",
    }
    return problem | {"errors": list(errors)} if errors else problem


def problem_response(problem: Problem) -> Response:
    return Response(to_json(problem_of(problem.status, problem.errors)), problem.status, problem.headers, JSON)

"""What the OpenAPI document says of the endpoints."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response
from wajah.contracts.types import MAX_IDENTIFIER_CHARS

from ingress.api.users.address import RESERVED, ListName
from ingress.api.users.answers import SearchAnswer
from ingress.api.users.bodies import FaceBody, SearchBody
from ingress.api.users.problem import JSON, TITLES, problem_of
from ingress.api.users.refusals import NO_FACE, USER_EXISTS
from ingress.keys import HEADER

_LISTS: Final[dict[ListName, str]] = {
    ListName.COLLECTION: "the collection of the API key",
    ListName.BLACKLIST: "the blacklist that all tenants share",
    ListName.WHITELIST: "the tenant's own whitelist",
}
_FOREIGN: Final = " A match with a face that another tenant enrolled carries `similarity` only."
_USER_ID: Final[dict[str, Any]] = {
    "name": "userId",
    "in": "path",
    "required": True,
    "description": f"URL-encoded text without control characters; not one of {', '.join(sorted(RESERVED))}.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_IDENTIFIER_CHARS},
}
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["status", "title", "detail", "type"],
    "properties": {
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "type": {"type": "string", "format": "uri"},
        "errors": {"type": "array", "items": {"type": "string"}, "description": "What is wrong with the request."},
    },
}


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint of every list. `text` goes on with the list's name."""

    name: str
    method: str
    segment: str
    text: str
    statuses: tuple[int, ...]
    body: type[FaceBody] | None = None
    errors: tuple[str, ...] = ()

    def path(self, listed: ListName) -> str:
        return "/users" + (f"/{listed}" if listed else "") + self.segment


_ALWAYS: Final = (401, 403, 429, 500, 503)
OPERATIONS: Final = (
    Operation(
        "search",
        "POST",
        "/search",
        "1:N: at most ten faces with a similarity of at least `threshold` percent, best first, out of ",
        (400, *_ALWAYS, 404, 408, 413),
        SearchBody,
        (NO_FACE,),
    ),
    Operation(
        "enroll",
        "POST",
        "/{userId}",
        "Enrol the only face of an image (JPEG or PNG, up to 5MB) in ",
        (400, *_ALWAYS, 408, 413),
        FaceBody,
        (USER_EXISTS,),
    ),
    Operation("unenroll", "DELETE", "/{userId}", "Remove a user from ", (400, *_ALWAYS, 404)),
)


def described(operation: Operation, listed: ListName) -> dict[str, Any]:
    """Keyword arguments of `add_api_route`."""
    search = operation.body is SearchBody
    success: dict[str, Any] = {"description": "OK"}
    if search:
        success |= {"model": SearchAnswer, "content": {JSON: {"example": SearchAnswer.EXAMPLE}}}
    foreign = _FOREIGN if search and listed is ListName.BLACKLIST else ""
    extra: dict[str, Any] = {"security": [{HEADER: []}], "parameters": [] if search else [_USER_ID]}
    if operation.body is not None:
        schema = operation.body.model_json_schema()
        extra["requestBody"] = {"required": True, "content": {JSON: {"schema": schema, "example": operation.body.EXAMPLE}}}
    return {
        "summary": f"{operation.name} {listed}".rstrip(),
        "description": f"{operation.text}{_LISTS[listed]}.{foreign}",
        "tags": ["Users 1:N"],
        "operation_id": f"users_{operation.name}_{listed}".rstrip("_"),
        "methods": [operation.method],
        "response_model": None,
        "response_class": Response,
        "responses": {200: success, **{status: _refusal(operation, status) for status in sorted(operation.statuses)}},
        "openapi_extra": extra,
    }


def _refusal(operation: Operation, status: int) -> dict[str, Any]:
    example = problem_of(status, operation.errors if status == 400 else ())
    return {"description": TITLES[status][1], "content": {JSON: {"schema": _PROBLEM, "example": example}}}

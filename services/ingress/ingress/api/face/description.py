"""What the OpenAPI document says of the Face API's endpoints."""

from functools import cache
from typing import Any, Final

from pydantic import BaseModel, create_model
from wajah.contracts.errors import MESSAGES, Code

from ingress.api.face.answers import Answer
from ingress.api.face.endpoints import Endpoint
from ingress.api.face.parameters import NOT_JSON
from ingress.auth import HEADER
from ingress.body import INCOMPLETE, TOO_LARGE
from ingress.faults import JSON, is_wrapped

_OUTSIDE: Final[dict[int, tuple[str, str]]] = {
    400: ("Not JSON at all", NOT_JSON),
    401: ("No token, or one that is unknown, expired or revoked", MESSAGES[Code.UNAUTHORIZED]),
    408: ("The body did not arrive in time", INCOMPLETE),
    413: ("The body is too large", TOO_LARGE),
    500: ("A defect", MESSAGES[Code.SERVER_ERROR]),
    503: ("Busy: come back after the seconds that `Retry-After` tells", MESSAGES[Code.BUSY]),
}
_BUSINESS: Final = (
    "HTTP 200 for everything that the API itself decides: `status` tells which.\n\n"
    "Several faults at once are told in this order: token, body, fields in the order below, image, gallery, user, face."
)
_QUERY: Final = "\n\nParameters may stand in a JSON body, in the query string, or in both: the body goes before."


def described(endpoint: Endpoint[Any], method: str, path: str) -> dict[str, Any]:
    """Keyword arguments of `add_api_route`."""
    return {
        "summary": endpoint.name,
        "description": f"{endpoint.handle.__doc__}\n\n{_BUSINESS}{_QUERY if endpoint.query else ''}",
        "tags": [f"{endpoint.api} (enveloped)" if is_wrapped(path) else endpoint.api],
        "operation_id": f"{method.lower()}_{path.strip('/').replace('/', '_').replace('-', '_')}",
        "deprecated": not path.endswith(endpoint.paths[0]) or None,
        "responses": {
            200: {
                "description": "Success, or what stood in its way",
                "model": _on_the_wire(endpoint.answer, path) | _on_the_wire(Answer, path),
                "content": _content(endpoint.answer.EXAMPLE, path),
            },
            **{
                status: {
                    "description": meaning,
                    "model": _on_the_wire(Answer, path),
                    "content": _content({"status": str(status), "status_message": message}, path),
                }
                for status, (meaning, message) in _OUTSIDE.items()
            },
        },
        "openapi_extra": {
            "security": [{HEADER: []}],
            "requestBody": {
                "required": not endpoint.query,
                "content": {
                    JSON: {"schema": endpoint.body.model_json_schema(), "example": endpoint.body.EXAMPLE},
                },
            },
            **({"parameters": _query_parameters(endpoint.body)} if endpoint.query else {}),
        },
    }


@cache
def _on_the_wire(answer: type[Answer], path: str) -> type[BaseModel]:
    return create_model(f"Risetai{answer.__name__}", risetai=(answer, ...)) if is_wrapped(path) else answer


def _content(body: dict[str, Any], path: str) -> dict[str, Any]:
    return {JSON: {"example": {"risetai": body} if is_wrapped(path) else body}}


def _query_parameters(body: type[BaseModel]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in body.model_json_schema()["properties"].items()
    ]

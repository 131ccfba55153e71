"""How an error leaves by HTTP: the body's shape follows from the path alone, so that even an unknown path has it."""

import math
from collections.abc import Mapping
from typing import Final

from pydantic_core import to_json
from starlette.responses import Response
from wajah.contracts.errors import Code, WajahError

from ingress.api.dukcapil.address import is_dukcapil
from ingress.api.dukcapil.faults import fault_answer
from ingress.api.ktp.answers import refusal
from ingress.api.ktp.request_ids import is_identity
from ingress.api.users.problem import Problem, problem_response

JSON: Final = "application/json"
ENVELOPE: Final = "/risetai"

_HTTP_STATUS: Final[dict[Code, int]] = {
    Code.UNAUTHORIZED: 401,
    Code.NO_SUCH_PATH: 404,
    Code.WRONG_METHOD: 405,
    Code.SERVER_ERROR: 500,
    Code.BUSY: 503,
}


class HttpFault(Exception):
    """A request that never reached an API: its HTTP status is also the status that the body tells."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.message = message
        self.headers = headers
        super().__init__(f"{status} {message}")


def http_status(code: Code) -> int:
    """200 for everything that the Face API itself decides."""
    return _HTTP_STATUS.get(code, 200)


def is_wrapped(path: str) -> bool:
    """Whether bodies under this path stand in the `risetai` envelope."""
    return path == ENVELOPE or path.startswith(ENVELOPE + "/")


def json_response(path: str, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`body` is JSON text; it is wrapped where the path asks for it."""
    content = b'{"risetai":' + body + b"}" if is_wrapped(path) else body
    return Response(content, status, headers, JSON)


def told(path: str, status: str, message: str) -> bytes:
    """The JSON text of an error, without its envelope."""
    if path.startswith("/oauth/"):
        return to_json({"status_code": int(status), "status_message": message})
    return to_json({"status": status, "status_message": message})


def is_users(path: str) -> bool:
    """Whether errors under this path are problem objects."""
    return path == "/users" or path.startswith("/users/")


def fault_response(path: str, fault: HttpFault) -> Response:
    if is_dukcapil(path):
        return fault_answer(path, fault.status)
    if is_identity(path):
        return Response(to_json(refusal(fault.message)), fault.status, fault.headers, JSON)
    if is_users(path):
        return problem_response(Problem(fault.status, headers=fault.headers))
    return json_response(path, told(path, str(fault.status), fault.message), fault.status, fault.headers)


def error_response(path: str, error: WajahError) -> Response:
    headers = None
    if error.code is Code.BUSY:
        headers = {"Retry-After": str(max(1, math.ceil(error.retry_after_s or 1.0)))}
    return json_response(path, told(path, error.code.value, error.message), http_status(error.code), headers)

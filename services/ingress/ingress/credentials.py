"""A client's id and password out of a form, however it is written down and labelled."""

from collections.abc import AsyncGenerator
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

MAX_FIELDS: Final = 16
MAX_FORM_BYTES: Final = 64 * 1024


class Credentials(NamedTuple):
    client_id: str
    password: str


async def credentials_of(raw: bytes) -> Credentials | None:
    """From a URL-encoded form, a multipart form or a JSON object, told by what it is and not by its label. Else None."""
    fields = await _fields(raw.strip())
    client_id, password = fields.get("client_id"), fields.get("password")
    if not (isinstance(client_id, str) and isinstance(password, str) and client_id and password):
        return None
    return Credentials(client_id, password)


async def _fields(raw: bytes) -> dict[str, Any]:
    try:
        if raw.startswith(b"--"):
            return await _multipart(raw)
        if raw.startswith(b"{"):
            return dict(from_json(raw))
        return dict(parse_qsl(raw.decode(), max_num_fields=MAX_FIELDS))
    except (ValueError, MultiPartException):
        return {}


async def _multipart(raw: bytes) -> dict[str, Any]:
    boundary = raw.partition(b"\r\n")[0].removeprefix(b"--").decode("latin-1")

    async def stream() -> AsyncGenerator[bytes]:
        yield raw + b"\r\n"

    headers = Headers({"content-type": f'multipart/form-data; boundary="{boundary}"'})
    form = await MultiPartParser(headers, stream(), max_files=MAX_FIELDS, max_fields=MAX_FIELDS).parse()
    return dict(form.items())

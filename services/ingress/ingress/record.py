"""What the log tells of a request: filled in on the way, written once at the end by `access`."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

KEY: Final = "wajah.record"


@dataclass(slots=True)
class Record:
    """Never a body, an image or a credential. `code` is the status that the answer's body tells."""

    code: str | None = None
    client_id: str | None = None
    trx_id: str | None = None


def record_of(request: Request) -> Record:
    record: Record = request.scope[KEY]
    return record

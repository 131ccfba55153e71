"""Reading a request's body within bounds of size and time."""

import asyncio
from typing import Final

from starlette.requests import Request

from ingress.faults import HttpFault

TOO_LARGE: Final = "Request body too large"
INCOMPLETE: Final = "Request body incomplete"


async def read_body(request: Request, *, max_bytes: int, timeout_s: float) -> bytes:
    """The whole body.

    Raises HttpFault 413 for a larger one: before a byte of it is read where its length is declared, else as soon as it
    shows; HttpFault 408 for an upload that takes longer. The server throws away what is not read.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise HttpFault(413, TOO_LARGE)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in request.stream():
                size += len(chunk)
                if size > max_bytes:
                    raise HttpFault(413, TOO_LARGE)
                chunks.append(chunk)
    except TimeoutError:
        raise HttpFault(408, INCOMPLETE) from None
    return b"".join(chunks)

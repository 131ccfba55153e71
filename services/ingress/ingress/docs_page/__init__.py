"""The documentation page: three files of our own that render `/openapi.json`, so that it needs no network."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

FOLDER: Final = Path(__file__).parent

_FILES: Final = {
    "/docs": ("page.html", "text/html"),
    "/docs/page.js": ("page.js", "text/javascript"),
    "/docs/page.css": ("page.css", "text/css"),
}
_HEADERS: Final = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "no-cache"}


def add_docs(app: FastAPI) -> None:
    """Serve the page at `/docs`."""
    for path, (name, media_type) in _FILES.items():
        content = (FOLDER / name).read_bytes()

        async def serve(_request: Request, content: bytes = content, media_type: str = media_type) -> Response:
            return Response(content, headers=_HEADERS, media_type=media_type)

        app.add_route(path, serve)

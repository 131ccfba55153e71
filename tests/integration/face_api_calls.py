"""Every call below the mounts of the Face API, from its own tables: a new endpoint is in every generated test at once."""

from typing import Any, Final

from ingress.api.face.bodies import FaceBody
from ingress.api.face.endpoints import ENDPOINTS as FACE
from ingress.api.pedulilindungi.endpoints import ENDPOINTS as PEDULILINDUNGI

from tests.integration.stages import picture_text

CALLS: Final[list[tuple[str, str, type[FaceBody]]]] = [
    (method, path.removeprefix("/"), endpoint.body)
    for endpoint in (*FACE, *PEDULILINDUNGI)
    for path in endpoint.paths
    for method in endpoint.methods
]
"""Method, path below the mounts, body."""

ENDPOINTS: Final = [(method, path) for method, path, _ in CALLS]


def full_body(kind: type[FaceBody], person: str, **changes: Any) -> dict[str, Any]:
    """Every field that the body has: the documented example, with pictures of a person that the tests' embedder knows."""
    pictures = {name: picture_text(person) for name in kind.EXAMPLE if "image" in name}
    return kind.EXAMPLE | pictures | {name: value for name, value in changes.items() if name in kind.EXAMPLE}

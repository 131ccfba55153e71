"""The answer of a search, in the order of the document."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, Field, WithJsonSchema
from wajah.contracts.results import Candidate

from ingress.api.users.lists import FaceList

DECIMALS: Final = 5


class Match(BaseModel):
    """`similarity` is in percent. Of a face that another tenant enrolled it is all that is told."""

    user_id: Annotated[str | None, WithJsonSchema({"type": "string"})] = Field(None, serialization_alias="userId")
    similarity: float = Field(ge=0, le=100)

    @classmethod
    def of(cls, found: Candidate, listed: FaceList) -> "Match":
        return cls(user_id=listed.user_id(found), similarity=round(found.similarity * 100, DECIMALS))


class SearchAnswer(BaseModel):
    """Best first."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "matches": [{"userId": "f7eab18f-e5d3-4dac-9d4d-cfb969ef848e", "similarity": 99.99953}]
    }

    matches: tuple[Match, ...]

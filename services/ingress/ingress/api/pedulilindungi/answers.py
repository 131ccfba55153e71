"""The answers of Face × PeduliLindungi: fields in the order of its document, as they stand on the wire."""

from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from ingress.api.face.answers import Answer, Recognised, Similarity

UserStatus = Literal["green", "yellow", "red", "black"]

_SUCCESS: Final = {"status": "200", "status_message": "Success"}
_VISIT: Final[dict[str, Any]] = {
    "success": True,
    "code": 200,
    "message": "Checkin success",
    "apiVersion": "v1",
    "data": {
        "userStatus": "green",
        "checkInTime": "2021-09-06T16:24:48.123456789+07:00",
        "checkOutTime": None,
        "crowd": 12,
        "place": {"name": "Riset.AI", "maxCapacity": 100},
    },
}


class EnrollAnswer(Answer):
    """`pl_data` is what PeduliLindungi answered, null where it answered nothing that can be read."""

    EXAMPLE = _SUCCESS | {
        "pl_data": {"success": True, "code": 200, "message": "Login checkout Success", "apiVersion": "v1"},
    }

    pl_data: dict[str, Any] | None


class ListedNik(BaseModel):
    nik: str
    user_name: str


class NiksAnswer(Answer):
    EXAMPLE = _SUCCESS | {"faces": [{"nik": "3273022807762", "user_name": "RisetAi Username1"}]}

    faces: tuple[ListedNik, ...]


class VerifyVisitAnswer(Answer):
    """`user_status` and `pl_data` are null where PeduliLindungi was not asked, or did not let the person in or out."""

    EXAMPLE = _SUCCESS | {
        "similarity": 1,
        "masker": False,
        "verified": True,
        "user_status": "green",
        "pl_data": _VISIT,
    }

    similarity: Similarity
    masker: bool
    verified: bool
    user_status: UserStatus | None
    pl_data: dict[str, Any] | None


class IdentifyVisitAnswer(Answer):
    """As `VerifyVisitAnswer`; `return` as in identify-face."""

    EXAMPLE = _SUCCESS | {
        "status_description": "Face Recognition Success",
        "return": [
            {
                "confidence_level": "0.943697",
                "mask": "true",
                "user_id": "3273022807762",
                "user_name": "RisetAi Username1",
            }
        ],
        "user_status": "green",
        "pl_data": _VISIT,
    }

    status_description: str
    recognised: tuple[Recognised, ...] = Field(serialization_alias="return", min_length=1, max_length=1)
    user_status: UserStatus | None
    pl_data: dict[str, Any] | None

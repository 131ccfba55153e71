"""What a verification is answered with, word for word as its document has it."""

from typing import Any, Final

from wajah.contracts.results import KtpVerified

VERIFIED: Final = "Verification Success"
NO_SUCH_NIK: Final = "NIK not found on Dukcapil database"
ANOTHER_NAME: Final = "Name does not match"
ANOTHER_BIRTH_DATE: Final = "Date of birth does not match"
ANOTHER_FACE: Final = "Selfie image does not pass the threshold"
UNAVAILABLE: Final = "Something wrong in Dukcapil server"

UNAUTHORIZED: Final = {"error": "Access to this API has been disallowed"}


def verification(result: KtpVerified) -> dict[str, Any]:
    """HTTP 200, whatever was found. `reason` is the first that is wrong, in the document's order."""
    return answer_of(
        verified=result.verified,
        reason=_reason(result),
        nik=result.nik,
        name=result.name,
        date_of_birth=result.birth_date,
        percentage=result.face_percent if result.nik else 0,
    )


def unavailable() -> dict[str, Any]:
    """HTTP 503."""
    return answer_of(verified=False, reason=UNAVAILABLE, nik=None, name=None, date_of_birth=None, percentage=None)


def refusal(reason: str) -> dict[str, Any]:
    """HTTP 4xx: nothing was asked."""
    return {"verification_status": False, "reason": reason}


def answer_of(
    *,
    verified: bool,
    reason: str,
    nik: bool | None,
    name: bool | None,
    date_of_birth: bool | None,
    percentage: float | None,
) -> dict[str, Any]:
    return {
        "verification_status": verified,
        "reason": reason,
        "result": {"nik": nik, "name": name, "date_of_birth": date_of_birth, "face_image_percentage": percentage},
    }


def _reason(result: KtpVerified) -> str:
    if not result.nik:
        return NO_SUCH_NIK
    if not result.name:
        return ANOTHER_NAME
    if not result.birth_date:
        return ANOTHER_BIRTH_DATE
    return VERIFIED if result.verified else ANOTHER_FACE

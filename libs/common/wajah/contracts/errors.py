"""What can go wrong, as the callers see it: one exception family whose codes are the public status table."""

from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict


class Code(StrEnum):
    """Status codes of the Face API ("List of Status Code"); every other public API translates from these."""

    SUCCESS = "200"
    MALFORMED = "400"
    UNAUTHORIZED = "401"
    DENIED = "403"
    NO_SUCH_PATH = "404"
    WRONG_METHOD = "405"
    NOT_VERIFIED = "411"
    FACE_NOT_DETECTED = "412"
    FACE_TOO_SMALL = "413"
    SEVERAL_FACES = "414"
    USER_NOT_FOUND = "415"
    GALLERY_NOT_FOUND = "416"
    GALLERY_EXISTS = "417"
    IMAGE_NULL = "451"
    USER_ID_NULL = "452"
    USER_NAME_NULL = "453"
    GALLERY_ID_NULL = "454"
    TARGET_IMAGE_NULL = "455"
    SOURCE_IMAGE_NULL = "456"
    IMAGE_NOT_BASE64 = "490"
    IMAGE_TYPE_UNKNOWN = "491"
    TARGET_IMAGE_NOT_BASE64 = "492"
    IMAGE_ERROR = "493"
    SOURCE_IMAGE_NOT_BASE64 = "494"
    SOURCE_IMAGE_TYPE_UNKNOWN = "495"
    SERVER_ERROR = "500"
    BUSY = "503"
    PL_UNKNOWN = "600"
    PL_REJECTED = "603"
    PL_TIMEOUT = "604"
    PL_NO_RESPONSE = "605"
    PL_NOT_ENROLLED = "606"
    PL_UNREACHABLE = "607"
    PL_INCOMPLETE = "608"
    PL_MALFORMED = "609"
    PL_NO_SUCH_PATH = "610"
    PL_TOKEN_EXPIRED = "611"  # noqa: S105 - a status code
    DK_UNKNOWN = "700"
    DK_REFUSED = "701"
    DK_QUOTA = "702"
    DK_BUSY = "703"
    DK_TIMEOUT = "704"
    DK_NO_RESPONSE = "705"
    DK_IMAGE = "706"
    DK_UNREACHABLE = "707"
    DK_MALFORMED = "709"


MESSAGES: Final[dict[Code, str]] = {
    Code.SUCCESS: "Success",
    Code.MALFORMED: "Request malformed",
    Code.UNAUTHORIZED: "Accesstoken not authorized",
    Code.DENIED: "Requested resource denied",
    Code.NO_SUCH_PATH: "Not found",
    Code.WRONG_METHOD: "Method not allowed",
    Code.NOT_VERIFIED: "Face not verified or unregistered",
    Code.FACE_NOT_DETECTED: "Face not detected",
    Code.FACE_TOO_SMALL: "Face too small",
    Code.SEVERAL_FACES: "More than one face",
    Code.USER_NOT_FOUND: "user_id not found",
    Code.GALLERY_NOT_FOUND: "facegallery_id not found",
    Code.GALLERY_EXISTS: "facegallery_id already exists",
    Code.IMAGE_NULL: "image is null",
    Code.USER_ID_NULL: "user_id is null",
    Code.USER_NAME_NULL: "user_name is null",
    Code.GALLERY_ID_NULL: "facegallery_id is null",
    Code.TARGET_IMAGE_NULL: "target_image is null",
    Code.SOURCE_IMAGE_NULL: "source_image is null",
    Code.IMAGE_NOT_BASE64: "cannot decode base64 of image",
    Code.IMAGE_TYPE_UNKNOWN: "image type not recognised, JPEG or PNG expected",
    Code.TARGET_IMAGE_NOT_BASE64: "cannot decode base64 of target_image",
    Code.IMAGE_ERROR: "image error",
    Code.SOURCE_IMAGE_NOT_BASE64: "cannot decode base64 of source_image",
    Code.SOURCE_IMAGE_TYPE_UNKNOWN: "source_image type not recognised, JPEG or PNG expected",
    Code.SERVER_ERROR: "Server error",
    Code.BUSY: "Server busy, try again later",
    Code.PL_UNKNOWN: "PeduliLindungi: unknown error",
    Code.PL_REJECTED: "PeduliLindungi: NIK and name rejected",
    Code.PL_TIMEOUT: "PeduliLindungi: timeout while waiting for a response",
    Code.PL_NO_RESPONSE: "PeduliLindungi: failed to receive a response",
    Code.PL_NOT_ENROLLED: "PeduliLindungi: NIK not enrolled",
    Code.PL_UNREACHABLE: "PeduliLindungi: server unreachable",
    Code.PL_INCOMPLETE: "PeduliLindungi: response data incomplete",
    Code.PL_MALFORMED: "PeduliLindungi: response data malformed",
    Code.PL_NO_SUCH_PATH: "PeduliLindungi: server answers 404",
    Code.PL_TOKEN_EXPIRED: "PeduliLindungi: expired user-auth token",
    Code.DK_UNKNOWN: "Dukcapil: unknown error",
    Code.DK_REFUSED: "Dukcapil: account, address or request refused",
    Code.DK_QUOTA: "Dukcapil: the day's quota is used up",
    Code.DK_BUSY: "Dukcapil: busy",
    Code.DK_TIMEOUT: "Dukcapil: timeout while waiting for a response",
    Code.DK_NO_RESPONSE: "Dukcapil: failed to receive a response",
    Code.DK_IMAGE: "Dukcapil: image can not be processed",
    Code.DK_UNREACHABLE: "Dukcapil: server unreachable",
    Code.DK_MALFORMED: "Dukcapil: response data malformed",
}


class JobError(BaseModel):
    """An error as it travels in a reply: a code of the status table, its text, when to come back (BUSY only), and what an
    outside service answered, where that is what went wrong."""

    model_config = ConfigDict(frozen=True)

    code: Code
    message: str
    retry_after_s: float | None = None
    answer: dict[str, Any] | None = None


class WajahError(Exception):
    """A failure with a documented answer. The message is shown to the caller: no secret, no template, no image in it."""

    def __init__(
        self,
        code: Code,
        message: str | None = None,
        *,
        retry_after_s: float | None = None,
        answer: dict[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.message = message or MESSAGES[code]
        self.retry_after_s = retry_after_s
        self.answer = answer
        super().__init__(f"{code.value} {self.message}")

    def as_data(self) -> JobError:
        return JobError(code=self.code, message=self.message, retry_after_s=self.retry_after_s, answer=self.answer)

    @classmethod
    def from_data(cls, error: JobError) -> "WajahError":
        return cls(error.code, error.message, retry_after_s=error.retry_after_s, answer=error.answer)


class DeadlineExceeded(WajahError):
    """The caller's time is up; nobody works for a caller who has left."""

    def __init__(self) -> None:
        super().__init__(Code.BUSY, "Deadline exceeded, try again later", retry_after_s=1.0)

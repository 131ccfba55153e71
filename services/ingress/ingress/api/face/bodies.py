"""The request bodies of the Face API: fields in the order of its document, which is the order in which faults are told."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic_core import to_json
from wajah.contracts.retention import ConsentRef, RetentionEnd
from wajah.contracts.types import MAX_IDENTIFIER_CHARS, Identifier, PersonName


def _label(value: object) -> object:
    return value if value is None or isinstance(value, str) else to_json(value).decode()


def _ahead(moment: datetime | None) -> datetime | None:
    if moment is not None and moment <= datetime.now(UTC):
        raise ValueError("has passed")
    return moment


_LENGTHS: Final[JsonDict] = {"minLength": 1, "maxLength": MAX_IDENTIFIER_CHARS}

Id = Annotated[Identifier, Field(strict=True, json_schema_extra=_LENGTHS)]
Name = Annotated[PersonName, Field(strict=True, json_schema_extra=_LENGTHS)]
ImageText = Annotated[str, Field(strict=True, min_length=1)]
Flag = Annotated[bool | None, Field(strict=True)]
Share = Annotated[float | None, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
TrxId = Annotated[Annotated[str, Field(max_length=MAX_IDENTIFIER_CHARS)] | None, BeforeValidator(_label)]
"""The caller's own label: anything of at most 120 characters, kept as its JSON text where it is not a string."""

RetentionAhead = Annotated[RetentionEnd, AfterValidator(_ahead)]
"""Until when the face is kept: an RFC 3339 date, which counts to its end in UTC, or date-time; not yet past."""

GALLERY: Final = "riset.ai@production"
TRX_ID: Final = "alphanumericalstring1234"
CONSENT_REF: Final = "form 17/2026"
RETENTION_UNTIL: Final = "2099-12-31"
IMAGE: Final = "/9j/4AAQSkZJRgABAQEASABIAAD/4QBMRXhpZgAA..."


class FaceBody(BaseModel):
    """Base of the bodies: unknown keys are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    EXAMPLE: ClassVar[dict[str, Any]]

    @property
    def label(self) -> str | None:
        """Its `trx_id`, which every body has."""
        return getattr(self, "trx_id", None)


class TrxBody(FaceBody):
    """A call without parameters of its own."""

    EXAMPLE = {"trx_id": TRX_ID}

    trx_id: TrxId = None


class GalleryBody(FaceBody):
    """A call on a gallery."""

    EXAMPLE = {"facegallery_id": GALLERY, "trx_id": TRX_ID}

    facegallery_id: Id
    trx_id: TrxId = None


class EnrollFaceBody(FaceBody):
    EXAMPLE = {
        "user_id": "risetai1234",
        "user_name": "RisetAi Username1",
        "facegallery_id": GALLERY,
        "force_register": True,
        "image": IMAGE,
        "trx_id": TRX_ID,
        "consent_ref": CONSENT_REF,
        "retention_until": RETENTION_UNTIL,
    }

    user_id: Id
    user_name: Name
    facegallery_id: Id
    force_register: Flag = None
    image: ImageText = Field(repr=False)
    trx_id: TrxId = None
    consent_ref: ConsentRef = None
    retention_until: RetentionAhead = None


class EnrollFaceKtpBody(FaceBody):
    EXAMPLE = {
        "user_id": "risetai1234",
        "user_name": "RisetAi Username1",
        "facegallery_id": GALLERY,
        "image": IMAGE,
        "trx_id": TRX_ID,
        "minimum_similarity": 0.8,
        "consent_ref": CONSENT_REF,
        "retention_until": RETENTION_UNTIL,
    }

    user_id: Id
    user_name: Name
    facegallery_id: Id
    image: ImageText = Field(repr=False)
    trx_id: TrxId = None
    minimum_similarity: Share = None
    consent_ref: ConsentRef = None
    retention_until: RetentionAhead = None


class VerifyFaceBody(FaceBody):
    EXAMPLE = {"user_id": "risetai1234", "facegallery_id": GALLERY, "image": IMAGE, "trx_id": TRX_ID}

    user_id: Id
    facegallery_id: Id
    image: ImageText = Field(repr=False)
    trx_id: TrxId = None


class IdentifyFaceBody(FaceBody):
    EXAMPLE = {"facegallery_id": GALLERY, "image": IMAGE, "trx_id": TRX_ID}

    facegallery_id: Id
    image: ImageText = Field(repr=False)
    trx_id: TrxId = None


class DeleteFaceBody(FaceBody):
    EXAMPLE = {"user_id": "risetai1234", "facegallery_id": GALLERY, "trx_id": TRX_ID}

    user_id: Id
    facegallery_id: Id
    trx_id: TrxId = None


class CompareImagesBody(FaceBody):
    EXAMPLE = {"source_image": IMAGE, "target_image": "/9j/4AAQSkZJRgABAQEASABIAAD/389sdAxcZisA...", "trx_id": TRX_ID}

    source_image: ImageText = Field(repr=False)
    target_image: ImageText = Field(repr=False)
    trx_id: TrxId = None

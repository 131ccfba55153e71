"""The request bodies of Face × PeduliLindungi: fields in the order of its document, in which faults are told."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import AliasChoices, Field
from wajah.contracts.jobs import QR_CODE

from ingress.api.face.bodies import GALLERY, IMAGE, TRX_ID, FaceBody, Flag, Id, ImageText, Name, TrxId

NIK: Final = "3273022807762"
VISIT: Final[dict[str, Any]] = {
    "qr_code": "checkin:60dd9e2bac68e40011056662",
    "latitude": -8.068494,
    "longitude": 111.8992385,
}

QrCode = Annotated[str, Field(strict=True, pattern=QR_CODE)]
Latitude = Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False)]
Confidence = Annotated[float, Field(strict=True, ge=0, le=1)] | None


class EnrollBody(FaceBody):
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "nik": NIK,
        "user_name": "RisetAi Username1",
        "facegallery_id": GALLERY,
        "force_register": True,
        "image": IMAGE,
        "trx_id": TRX_ID,
        "force_pl": False,
    }

    nik: Id
    user_name: Name
    facegallery_id: Id
    force_register: Flag = None
    image: ImageText = Field(repr=False)
    trx_id: TrxId = None
    force_pl: Flag = None


class VerifyVisitBody(FaceBody):
    EXAMPLE = VISIT | {
        "nik": NIK,
        "facegallery_id": GALLERY,
        "image": IMAGE,
        "trx_id": TRX_ID,
        "minimum_confidence_level": 0.95,
    }

    qr_code: QrCode
    latitude: Latitude
    longitude: Longitude
    nik: Id
    facegallery_id: Id
    image: ImageText = Field(repr=False)
    trx_id: TrxId = None
    minimum_confidence_level: Confidence = None


class IdentifyVisitBody(FaceBody):
    EXAMPLE = VISIT | {"facegallery_id": GALLERY, "image": IMAGE, "trx_id": TRX_ID, "minimum_confidence_level": 0.95}

    qr_code: QrCode
    latitude: Latitude
    longitude: Longitude
    facegallery_id: Id
    image: ImageText = Field(repr=False)
    trx_id: TrxId = None
    minimum_confidence_level: Confidence = None


class DeleteBody(FaceBody):
    """The document's example has `nik`, its table `user_id`: both are understood."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"nik": NIK, "facegallery_id": GALLERY, "trx_id": TRX_ID}

    nik: Id = Field(validation_alias=AliasChoices("nik", "user_id"))
    facegallery_id: Id
    trx_id: TrxId = None

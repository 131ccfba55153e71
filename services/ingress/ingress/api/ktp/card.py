"""A request's identity card, checked before anything is asked: structure and format only."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from pydantic import ValidationError
from wajah.contracts.jobs import VerifyKtp
from wajah.contracts.nik import is_nik

from ingress.api.ktp.refusals import (
    INVALID_BIRTH_DATE,
    INVALID_NAME,
    INVALID_NIK,
    NO_IMAGE,
    NOT_AN_IMAGE,
    Refused,
)
from ingress.images import is_image

_DATE: Final = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")


def card_of(parts: Mapping[str, bytes]) -> VerifyKtp:
    """Faults are told in the document's order of the fields. Raises Refused 400, and 415 for what is no image."""
    nik = _text(parts, "nik")
    if not is_nik(nik):
        raise Refused(400, INVALID_NIK)
    name = _text(parts, "name")
    birth_date = _date(_text(parts, "date_of_birth"))
    image = parts.get("face_image")
    if birth_date is None:
        raise Refused(400, INVALID_BIRTH_DATE)
    if image is None:
        raise Refused(400, NO_IMAGE)
    if not is_image(image):
        raise Refused(415, NOT_AN_IMAGE)
    try:
        return VerifyKtp(nik=nik, name=name, birth_date=birth_date, image=image)
    except ValidationError:  # of the name: all else was looked at
        raise Refused(400, INVALID_NAME) from None


def _text(parts: Mapping[str, bytes], field: str) -> str:
    """Empty where there is none."""
    try:
        return parts.get(field, b"").decode().strip()
    except UnicodeDecodeError:
        return ""


def _date(text: str) -> date | None:
    """Of dd-mm-yyyy."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    day, month, year = map(int, found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None

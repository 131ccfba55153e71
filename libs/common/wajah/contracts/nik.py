"""The NIK, an Indonesian identity number: 16 digits that say where and for which birth date it was issued.

Two digits each of province, regency and district, six of the birth date (day, month, year; the day is +40 for women), and
a serial number of four. The birth date in it is the one known when it was issued: a correction leaves the NIK unchanged.
"""

import re
from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator

PROVINCES: Final = frozenset(
    (*range(11, 20), 21, *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82, *range(91, 97))
)
FEMALE_DAYS: Final = 40
_CENTURIES: Final = (1900, 2000)
_DIGITS: Final = re.compile(r"[0-9]{16}")


def is_nik(text: str) -> bool:
    """Whether it could be one: its structure is right."""
    if not _DIGITS.fullmatch(text):
        return False
    province, regency, district = int(text[:2]), int(text[2:4]), int(text[4:6])
    place = province in PROVINCES and regency > 0 and district > 0
    return place and _has_birth_date(text) and int(text[12:]) > 0


def _has_birth_date(text: str) -> bool:
    day, month, year = int(text[6:8]), int(text[8:10]), int(text[10:12])
    return any(_is_date(century + year, month, day - FEMALE_DAYS if day > FEMALE_DAYS else day) for century in _CENTURIES)


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _nik(text: str) -> str:
    if not is_nik(text):
        raise ValueError("not a NIK")
    return text


Nik = Annotated[str, AfterValidator(_nik)]
"""16 digits with the structure of a NIK; whether it was ever issued is the register's to say."""

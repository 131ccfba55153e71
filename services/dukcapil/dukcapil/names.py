"""Whether two names are one person's, as the register compares them: by the letters, not by how they are written down.

Tolerated are case, accents, punctuation, spacing (`Abdul Rahman`, `Abdulrahman`), and these abbreviations of a first name,
the first two also of a second: Muh., Moh., Moch., Mhd., Md., M. for the spellings of Muhammad, Abd. for Abdul, St. for Siti.
Two spellings that are both written out are two names: `Muhamad` is not `Mohammad`.
"""

import re
import unicodedata
from itertools import product
from typing import Final

MAX_ABBREVIATED: Final = 2  # words at the beginning

_WITH_U: Final = ("MUHAMMAD", "MUHAMAD", "MUHAMMED", "MUHAMED")
_WITH_O: Final = ("MOHAMMAD", "MOHAMAD", "MOHAMMED", "MOHAMED")
_WITH_CH: Final = ("MOCHAMMAD", "MOCHAMAD", "MUCHAMMAD", "MUCHAMAD")
_ANY: Final = _WITH_U + _WITH_O + _WITH_CH
_ABBREVIATIONS: Final[dict[str, tuple[str, ...]]] = {
    "MUH": _WITH_U,
    "MOH": _WITH_O,
    "MOCH": _WITH_CH,
    "MHD": _ANY,
    "MD": _ANY,
    "ABD": ("ABDUL", "ABDU"),
}
_ONLY_FIRST: Final[dict[str, tuple[str, ...]]] = {"M": _ANY, "ST": ("SITI", "SITTI")}

_APOSTROPHES: Final = re.compile(r"['’‘ʼ`´]")
_NO_LETTER: Final = re.compile(r"[^A-Z0-9]+")


def same_name(one: str, other: str) -> bool:
    """A name without a letter is nobody's."""
    return not _readings(one).isdisjoint(_readings(other))


def _readings(name: str) -> frozenset[str]:
    """The name without spaces, with its abbreviations as they stand and written out in each way."""
    words = _words(name)
    if not words:
        return frozenset()
    choices = [_meanings(word, place) for place, word in enumerate(words)]
    return frozenset("".join(reading) for reading in product(*choices))


def _meanings(word: str, place: int) -> tuple[str, ...]:
    if place >= MAX_ABBREVIATED:
        return (word,)
    first = _ONLY_FIRST.get(word, ()) if place == 0 else ()
    return (word, *_ABBREVIATIONS.get(word, ()), *first)


def _words(name: str) -> list[str]:
    bare = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name)).upper()
    letters = "".join(each for each in bare if not unicodedata.combining(each))
    return _NO_LETTER.sub(" ", letters).split()

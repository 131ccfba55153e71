"""What Dukcapil's biographic check answers: for each element that was asked about, whether it is the one on record."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json
from wajah.upstream.faults import ServerFault, Unreadable
from wajah.upstream.transport import Received

from dukcapil.answers import answer_of
from dukcapil.settings import DukcapilSettings

MATCHES: Final = "SESUAI"
DIFFERS: Final = "TIDAK SESUAI"


@dataclass(frozen=True, slots=True)
class Elements:
    name: bool
    birth_date: bool


class ElementReader:
    """Knows the elements by the names that the settings give them."""

    def __init__(self, settings: DukcapilSettings) -> None:
        self._nik = settings.dukcapil_nik_field
        self._name = settings.dukcapil_name_field
        self._birth_date = settings.dukcapil_birth_date_field
        self._not_found = settings.dukcapil_not_found_text.casefold()

    def read(self, received: Received) -> Elements | None:
        """None where there is no such NIK. Raises ServerFault, Unreadable, Busy, and WajahError 700 to 702."""
        content = _content(received)
        if content is None:
            answer_of(received).succeeded()
            raise Unreadable
        if any(isinstance(value, str) and self._not_found == value.strip().casefold() for value in content.values()):
            return None
        if self._nik in content and not _matches(content[self._nik], echoed=True):
            return None
        return Elements(_matches(content.get(self._name)), _matches(content.get(self._birth_date)))


def _content(received: Received) -> dict[str, Any] | None:
    """The record in the answer, alone or the only one of a list."""
    if received.status >= 500:
        raise ServerFault
    try:
        told = from_json(received.body, allow_inf_nan=False)
    except ValueError:
        raise Unreadable from None
    content = told.get("content") if isinstance(told, dict) and received.status == 200 else None
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    return content if isinstance(content, dict) else None


def _matches(told: Any, *, echoed: bool = False) -> bool:
    """Some methods add how much in brackets: `Sesuai (100)`. An `echoed` element may stand there itself."""
    text = " ".join(str(told).partition("(")[0].upper().split())
    if text not in {MATCHES, DIFFERS} and not (echoed and text):
        raise Unreadable
    return text != DIFFERS

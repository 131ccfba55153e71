"""PeduliLindungi's answers when nothing goes wrong, and when people do: the contract that the connector speaks."""

import time
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from tests.stand_ins.pedulilindungi.state import State

NOTICE: Final = "This is a stand-in, not PeduliLindungi."
WESTERN_TIME: Final = timezone(timedelta(hours=7))
STATUSES: Final = {"7": "yellow", "8": "red", "9": "black"}


def answer(code: int, message: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "success": code == 200,
        "code": code,
        "message": message,
        "apiVersion": "v1",
        "standIn": NOTICE,
    }
    return told if data is None else told | {"data": data}


def register(state: State, nik: str, name: str) -> dict[str, Any]:
    """A NIK belongs to the first name that it is registered with."""
    if state.people.setdefault(nik, name) != name:
        return answer(400, "NIK and name do not match")
    return answer(200, "User registered")


def visit(state: State, nik: str, qr_code: str) -> dict[str, Any]:
    """The last digit of a NIK decides its status: 7 yellow, 8 red, 9 black, any other green."""
    if nik not in state.people:
        return answer(404, "NIK is not enrolled")
    direction, _, place = qr_code.partition(":")
    now = nanoseconds(time.time_ns())
    if direction == "checkin":
        entered, left = state.visits.setdefault((nik, place), now), None
    elif (nik, place) in state.visits:
        entered, left = state.visits.pop((nik, place)), now
    else:
        return answer(409, "Checkout before checkin")
    data = {
        "userStatus": STATUSES.get(nik[-1:], "green"),
        "checkInTime": entered,
        "checkOutTime": left,
        "crowd": sum(where == place for _, where in state.visits),
        "place": {"name": f"Stand-in place {place[-4:]}", "maxCapacity": 100},
    }
    return answer(200, f"{direction.capitalize()} success", data)


def nanoseconds(unix_ns: int) -> str:
    """RFC 3339 with nine digits and the offset of Western Indonesia Time."""
    seconds, rest = divmod(unix_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, WESTERN_TIME)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}+07:00"

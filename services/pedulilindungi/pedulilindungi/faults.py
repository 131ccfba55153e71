"""What can go wrong at PeduliLindungi, as exceptions with the codes of the status table."""

from typing import Any

from wajah.contracts.errors import Code, WajahError
from wajah.upstream import faults


class Down(WajahError, faults.Down):
    """PeduliLindungi does not work as a server: what the circuit breaker counts."""


class Unreachable(Down):
    """No connection was established, so that nothing can have happened there."""

    def __init__(self) -> None:
        super().__init__(Code.PL_UNREACHABLE)


class TimedOut(Down):
    def __init__(self) -> None:
        super().__init__(Code.PL_TIMEOUT)


class NoResponse(Down):
    """The connection broke before the whole answer was there."""

    def __init__(self) -> None:
        super().__init__(Code.PL_NO_RESPONSE)


class ServerFault(Down):
    """It answered that it failed."""

    def __init__(self, answer: dict[str, Any] | None) -> None:
        super().__init__(Code.PL_UNKNOWN, answer=answer)


class Malformed(WajahError):
    def __init__(self) -> None:
        super().__init__(Code.PL_MALFORMED)


class Incomplete(WajahError):
    def __init__(self) -> None:
        super().__init__(Code.PL_INCOMPLETE)


class NoSuchPath(WajahError):
    def __init__(self) -> None:
        super().__init__(Code.PL_NO_SUCH_PATH)


class TokenExpired(WajahError):
    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        super().__init__(Code.PL_TOKEN_EXPIRED, answer=answer)

"""What can go wrong on the way to an outside service and back. What it means to a caller is each connector's to say."""


class Fault(Exception):
    """No answer, or none that can be used."""


class Down(Fault):
    """The other side does not work as a server: what the circuit breaker counts."""


class Unreachable(Down):
    """No connection was established, so that nothing can have happened there."""


class TimedOut(Down):
    pass


class NoResponse(Down):
    """The connection broke before the whole answer was there."""


class ServerFault(Down):
    """It answered that it failed."""


class Unreadable(Fault):
    """An answer that is too large, or not what it should be."""

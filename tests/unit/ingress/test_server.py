import socket

import pytest
from ingress.server import listen


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_listening_socket_names_its_protocol_so_that_answers_leave_at_once(host: str) -> None:
    with listen((host, 0)) as listening:
        assert listening.proto == socket.IPPROTO_TCP
        assert listening.getsockname()[1] > 0


def test_an_address_that_is_taken_is_told() -> None:
    with listen(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        listen(taken.getsockname())

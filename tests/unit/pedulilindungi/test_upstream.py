"""Every answer that PeduliLindungi may give becomes an acceptance or a documented code, in time."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pedulilindungi.upstream import PeduliLindungi
from pydantic import SecretStr
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import Visit

from tests.stand_ins.pedulilindungi.app import CHECKIN_PATH, REGISTER_PATH, TOKEN_PATH
from tests.stand_ins.pedulilindungi.serving import StandIn
from tests.stand_ins.pedulilindungi.state import Behaviour
from tests.unit.pedulilindungi.conftest import soon
from tests.waiting import until

NIK, NAME = "3273022807762", "RisetAi Username1"
PLACE = "60dd9e2bac68e40011056662"

Ask = Callable[[PeduliLindungi], Awaitable[dict[str, Any]]]


def where(direction: str = "checkin") -> Visit:
    return Visit(qr_code=f"{direction}:{PLACE}", latitude=-8.068494, longitude=111.8992385)


async def register(upstream: PeduliLindungi) -> dict[str, Any]:
    return await upstream.register(NIK, NAME, until=soon())


async def check_in(upstream: PeduliLindungi) -> dict[str, Any]:
    return await upstream.visit(NIK, NAME, where(), until=soon())


async def refusal(asking: Awaitable[Any]) -> WajahError:
    with pytest.raises(WajahError) as raised:
        await asking
    return raised.value


async def test_somebody_is_registered_checked_in_and_out(pl: StandIn, upstream: PeduliLindungi) -> None:
    registered = await register(upstream)
    entered = await check_in(upstream)
    left = await upstream.visit(NIK, NAME, where("checkout"), until=soon())

    assert pl.state.people == {NIK: NAME}
    assert (registered["success"], registered["code"], registered["apiVersion"]) == (True, 200, "v1")
    assert (entered["data"]["userStatus"], entered["data"]["checkOutTime"]) == ("green", None)
    assert left["data"]["checkInTime"] == entered["data"]["checkInTime"]
    assert len(left["data"]["checkOutTime"]) == len("2021-09-06T16:24:48.123456789+07:00")


async def test_leaving_before_entering_is_an_unknown_error_that_says_why(upstream: PeduliLindungi) -> None:
    await register(upstream)

    refused = await refusal(upstream.visit(NIK, NAME, where("checkout"), until=soon()))

    assert refused.code is Code.PL_UNKNOWN
    assert refused.answer is not None
    assert refused.answer["message"] == "Checkout before checkin"


async def test_a_nik_that_belongs_to_another_name_is_rejected(upstream: PeduliLindungi) -> None:
    await register(upstream)

    refused = await refusal(upstream.register(NIK, "Somebody Else", until=soon()))

    assert refused.code is Code.PL_REJECTED
    assert refused.answer is not None
    assert refused.answer["success"] is False


async def test_who_was_never_registered_can_not_check_in(upstream: PeduliLindungi) -> None:
    assert (await refusal(check_in(upstream))).code is Code.PL_NOT_ENROLLED


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (Behaviour.UNKNOWN, Code.PL_UNKNOWN),
        (Behaviour.SERVER_ERROR, Code.PL_UNKNOWN),
        (Behaviour.REJECTED, Code.PL_REJECTED),
        (Behaviour.BROKEN_OFF, Code.PL_NO_RESPONSE),
        (Behaviour.NOT_ENROLLED, Code.PL_NOT_ENROLLED),
        (Behaviour.INCOMPLETE, Code.PL_INCOMPLETE),
        (Behaviour.MALFORMED, Code.PL_MALFORMED),
        (Behaviour.HTML, Code.PL_MALFORMED),
        (Behaviour.HUGE, Code.PL_MALFORMED),
        (Behaviour.COMPRESSED, Code.PL_MALFORMED),
        (Behaviour.REDIRECT, Code.PL_MALFORMED),
        (Behaviour.NOT_FOUND, Code.PL_NO_SUCH_PATH),
        (Behaviour.EXPIRED_TOKEN, Code.PL_TOKEN_EXPIRED),
    ],
)
@pytest.mark.parametrize("ask", [register, check_in])
async def test_each_misbehaviour_has_its_code(
    ask: Ask, behaviour: Behaviour, code: Code, pl: StandIn, upstream: PeduliLindungi
) -> None:
    pl.tell(NIK, behaviour)

    refused = await refusal(ask(upstream))

    assert refused.code is code
    assert pl.state.count("/elsewhere", NIK) == 0


@pytest.mark.timeout(30)
@pytest.mark.parametrize("ask", [register, check_in])
async def test_a_slow_drip_ends_when_the_time_is_up(ask: Ask, pl: StandIn, upstream: PeduliLindungi) -> None:
    """Given an answer that would take ten minutes, byte by byte."""
    pl.tell(NIK, Behaviour.DRIP)

    assert (await refusal(ask(upstream))).code is Code.PL_TIMEOUT


async def test_a_late_answer_is_a_timeout(pl: StandIn, upstream: PeduliLindungi) -> None:
    pl.tell(NIK, Behaviour.NORMAL, latency_s=30)

    assert (await refusal(upstream.register(NIK, NAME, until=soon(0.3)))).code is Code.PL_TIMEOUT


async def test_nobody_there_is_unreachable(pl: StandIn) -> None:
    with socket.socket() as taken:  # bound, and not listening
        taken.bind(("127.0.0.1", 0))
        upstream = PeduliLindungi(pl.settings(pl_url=f"http://127.0.0.1:{taken.getsockname()[1]}"))

        refused = await refusal(register(upstream))
        await upstream.close()

    assert refused.code is Code.PL_UNREACHABLE


async def test_a_connection_that_comes_up_late_is_waited_for(pl: StandIn) -> None:
    """Given nobody listening at first, when somebody does before the last attempt, then the call goes through, once."""
    host, _, port = pl.url.removeprefix("http://").partition(":")
    with socket.socket() as door:
        door.bind((host, 0))
        upstream = PeduliLindungi(pl.settings(pl_url=f"http://{host}:{door.getsockname()[1]}"))
        calling = asyncio.create_task(register(upstream))
        await asyncio.sleep(0.05)
        door.listen()
        door.setblocking(False)
        relay = asyncio.create_task(_relay(door, host, int(port)))

        registered = await calling
        relay.cancel()
        await upstream.close()

    assert registered["success"] is True
    assert pl.state.count(REGISTER_PATH, NIK) == 1


async def _relay(door: socket.socket, host: str, port: int) -> None:
    """Pass connections on to a port."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            writer.write(chunk)

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(host, port)
        await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer))

    server = await asyncio.start_server(accepted, sock=door)
    await server.serve_forever()


async def test_without_an_address_it_is_unreachable(pl: StandIn) -> None:
    upstream = PeduliLindungi(pl.settings(pl_url=""))

    assert (await refusal(register(upstream))).code is Code.PL_UNREACHABLE
    await upstream.close()


async def test_an_expired_token_is_renewed_once(pl: StandIn, upstream: PeduliLindungi) -> None:
    await register(upstream)
    pl.state.tokens.clear()

    entered = await check_in(upstream)

    assert entered["success"] is True
    assert pl.state.count(TOKEN_PATH, "wajah") == 2
    assert pl.state.count(CHECKIN_PATH, NIK) == 2


async def test_callers_who_find_the_token_expired_share_its_successor(pl: StandIn, upstream: PeduliLindungi) -> None:
    await register(upstream)
    pl.state.tokens.clear()

    await asyncio.gather(*(check_in(upstream) for _ in range(8)))

    assert pl.state.count(TOKEN_PATH, "wajah") == 2


async def test_a_token_that_can_not_be_renewed_is_told(pl: StandIn, upstream: PeduliLindungi) -> None:
    await register(upstream)
    pl.state.tokens.clear()
    pl.state.refuse_credentials = True

    assert (await refusal(check_in(upstream))).code is Code.PL_TOKEN_EXPIRED


async def test_a_given_token_is_used_and_can_not_be_renewed(pl: StandIn) -> None:
    given = pl.state.issue_token()
    upstream = PeduliLindungi(pl.settings(pl_client_id="", pl_token=SecretStr(given)))

    registered = await register(upstream)
    pl.state.tokens.clear()
    refused = await refusal(check_in(upstream))
    await upstream.close()

    assert registered["success"] is True
    assert refused.code is Code.PL_TOKEN_EXPIRED
    assert pl.state.count(TOKEN_PATH, "wajah") == 0


async def test_so_many_calls_are_under_way_and_no_more(pl: StandIn) -> None:
    upstream = PeduliLindungi(pl.settings(pl_at_once=2))
    await register(upstream)
    pl.tell("*", Behaviour.NORMAL, latency_s=60)

    def under_way() -> int:
        return sum(call.path == REGISTER_PATH for call in pl.state.calls) - 1

    calling = [asyncio.create_task(upstream.register(f"nik {n}", NAME, until=soon(60))) for n in range(4)]
    await until(lambda: under_way() >= 2)
    await asyncio.sleep(0.1)
    most = under_way()
    for call in calling:
        call.cancel()
    await asyncio.wait(calling)
    await upstream.close()

    assert most == 2


async def test_while_it_is_down_nobody_asks_it_and_one_probe_finds_it_up_again(pl: StandIn) -> None:
    upstream = PeduliLindungi(pl.settings(pl_breaker_failures=2, pl_breaker_open_s=0.2))
    pl.tell(NIK, Behaviour.SERVER_ERROR)
    for _ in range(2):
        assert (await refusal(register(upstream))).code is Code.PL_UNKNOWN
    pl.state.scripts.clear()

    refused = await refusal(register(upstream))
    await asyncio.sleep(0.25)
    accepted = await register(upstream)
    await upstream.close()

    assert refused.code is Code.PL_UNREACHABLE
    assert accepted["success"] is True
    assert pl.state.count(REGISTER_PATH, NIK) == 3

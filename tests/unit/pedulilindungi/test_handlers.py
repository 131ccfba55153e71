"""The connector's stages on a real store: what is asked, what is recorded, and that nothing is asked twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pedulilindungi.handlers import Handlers
from pedulilindungi.upstream import PeduliLindungi
from wajah.contracts.envelope import Envelope
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.results import CheckedIn, Registered
from wajah.contracts.stages import Stage
from wajah.storage.connect import open_store
from wajah.storage.ports import Settlement, Store

from tests.stand_ins.pedulilindungi.app import CHECKIN_PATH, REGISTER_PATH
from tests.stand_ins.pedulilindungi.serving import StandIn
from tests.stand_ins.pedulilindungi.state import Behaviour
from tests.unit.matcher.faces import GALLERY
from tests.unit.pedulilindungi.jobs import NAME, NIK, enrolment, identification, opened, verification
from tests.waiting import until


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'wajah.db'}")
    await store.start()
    yield store
    await store.stop()


@pytest.fixture
def handlers(upstream: PeduliLindungi, store: Store) -> Handlers:
    return Handlers(upstream, store.upstream_calls, timeout_s=2.0, reserve_s=0.5)


async def refusal(asking: Awaitable[Any]) -> WajahError:
    with pytest.raises(WajahError) as raised:
        await asking
    return raised.value


async def test_an_acceptance_is_recorded_and_open_until_we_have_written(handlers: Handlers, store: Store) -> None:
    registered = await handlers.register(opened(enrolment("job")))

    call = await store.upstream_calls.get("job", Stage.PL_REGISTER)
    assert call is not None
    assert (call.user_id, call.user_name, call.gallery) == (NIK, NAME, GALLERY)
    assert (call.code, call.answer, call.settlement) == (Code.SUCCESS, registered.answer, Settlement.OPEN)


async def test_a_refusal_is_recorded_with_what_was_answered(handlers: Handlers, store: Store, pl: StandIn) -> None:
    pl.tell(NIK, Behaviour.REJECTED)

    refused = await refusal(handlers.register(opened(enrolment("job"))))

    call = await store.upstream_calls.get("job", Stage.PL_REGISTER)
    assert call is not None
    assert (call.code, call.answer) == (refused.code, refused.answer) == (Code.PL_REJECTED, call.answer)
    assert call.answer is not None


@pytest.mark.parametrize("behaviour", [Behaviour.NORMAL, Behaviour.REJECTED, Behaviour.HTML])
async def test_a_redelivered_registration_is_answered_from_the_record(
    behaviour: Behaviour, handlers: Handlers, pl: StandIn
) -> None:
    pl.tell(NIK, behaviour)

    outcomes = [await _outcome(handlers, enrolment("job")) for _ in range(3)]

    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert pl.state.count(REGISTER_PATH, NIK) == 1


async def _outcome(handlers: Handlers, envelope: Envelope) -> object:
    try:
        return await handlers.register(opened(envelope))
    except WajahError as error:
        return error.as_data()


@pytest.mark.parametrize("make", [verification, identification])
async def test_a_redelivered_checkin_is_answered_from_the_record(
    make: Callable[[str], Envelope], handlers: Handlers, pl: StandIn
) -> None:
    await handlers.register(opened(enrolment("registration")))

    told = [await handlers.check_in(opened(make("job"))) for _ in range(2)]

    assert told[0] == told[1]
    assert isinstance(told[0], CheckedIn)
    assert told[0].user_status == "green"
    assert pl.state.count(CHECKIN_PATH, NIK) == 1


async def test_a_call_whose_outcome_nobody_noted_is_not_made_again(handlers: Handlers, store: Store, pl: StandIn) -> None:
    """Given a connector that dies while it waits, when the job comes back, then nobody knows, and nobody asks again."""
    pl.tell(NIK, Behaviour.NORMAL, latency_s=0.5)
    dying = asyncio.create_task(handlers.register(opened(enrolment("job"))))
    await until(lambda: pl.state.count(REGISTER_PATH, NIK) == 1)
    dying.cancel()
    await asyncio.wait([dying])

    refused = await refusal(handlers.register(opened(enrolment("job"))))

    assert refused.code is Code.PL_NO_RESPONSE
    assert pl.state.count(REGISTER_PATH, NIK) == 1


async def test_the_next_attempt_uses_an_acceptance_that_led_to_nothing(
    handlers: Handlers, store: Store, pl: StandIn
) -> None:
    first = await handlers.register(opened(enrolment("failed job")))

    second = await handlers.register(opened(enrolment("next attempt")))

    assert isinstance(second, Registered)
    assert second.answer == first.answer
    assert pl.state.count(REGISTER_PATH, NIK) == 1


async def test_an_acceptance_that_led_to_an_enrolment_serves_no_other(handlers: Handlers, store: Store, pl: StandIn) -> None:
    await handlers.register(opened(enrolment("job")))
    await store.upstream_calls.finish("job", GALLERY, NIK, Stage.PL_REGISTER)

    await handlers.register(opened(enrolment("another")))

    assert pl.state.count(REGISTER_PATH, NIK) == 2


async def test_an_acceptance_of_another_name_is_not_used(handlers: Handlers, pl: StandIn) -> None:
    await handlers.register(opened(enrolment("job")))

    refused = await refusal(handlers.register(opened(enrolment("another", name="Somebody Else"))))

    assert refused.code is Code.PL_REJECTED
    assert pl.state.count(REGISTER_PATH, NIK) == 2


@pytest.mark.parametrize("make", [verification, identification])
@pytest.mark.parametrize(("similarity", "minimum"), [(0.5, None), (0.5, 0.2), (0.8, 0.81)])
async def test_who_is_not_recognised_well_enough_is_not_asked_about(
    similarity: float, minimum: float | None, make: Callable[..., Envelope], handlers: Handlers, pl: StandIn
) -> None:
    refused = await refusal(handlers.check_in(opened(make("job", similarity=similarity, minimum=minimum))))

    assert refused.code is Code.NOT_VERIFIED
    assert pl.state.calls == []


@pytest.mark.parametrize("minimum", [None, 0.2, 0.8])
@pytest.mark.parametrize("make", [verification, identification])
async def test_who_is_recognised_well_enough_is(
    minimum: float | None, make: Callable[..., Envelope], handlers: Handlers, pl: StandIn
) -> None:
    pl.state.people[NIK] = NAME

    await handlers.check_in(opened(make("job", similarity=0.8, minimum=minimum)))

    assert pl.state.count(CHECKIN_PATH, NIK) == 1


async def test_nothing_is_asked_without_time_for_what_follows(handlers: Handlers, store: Store, pl: StandIn) -> None:
    refused = await refusal(handlers.register(opened(enrolment("job", deadline_s=0.4))))

    assert refused.code is Code.PL_TIMEOUT
    assert pl.state.calls == []
    assert await store.upstream_calls.get("job", Stage.PL_REGISTER) is None


async def test_an_answer_is_waited_for_until_the_rest_still_has_time(handlers: Handlers, pl: StandIn) -> None:
    pl.tell(NIK, Behaviour.DRIP)
    envelope = enrolment("job", deadline_s=0.9)

    refused = await refusal(handlers.register(opened(envelope)))

    assert refused.code is Code.PL_TIMEOUT
    assert envelope.remaining_s() > 0


async def test_the_record_of_open_acceptances_is_never_forgotten(handlers: Handlers, store: Store) -> None:
    await handlers.register(opened(enrolment("open")))
    await handlers.check_in(opened(verification("visit")))
    later = datetime.now(UTC) + timedelta(days=1)

    forgotten = await store.upstream_calls.forget(later)

    assert forgotten == 1
    [left] = await store.upstream_calls.overdue(Stage.PL_REGISTER, later)
    assert left.job_id == "open"

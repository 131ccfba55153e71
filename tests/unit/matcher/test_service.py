"""The matcher as a part of a process: which shards it takes, and how it begins and ends."""

import asyncio
import socket

import pytest
from matcher.service import MatcherService
from matcher.settings import MatcherSettings
from wajah.messaging.inprocess import InProcessBus
from wajah.messaging.topology import Topology
from wajah.storage.ports import Store

from tests.unit.matcher.faces import GALLERY, MODEL, enrol, face, soon, template

TOPOLOGY = Topology(5)


def service(store: Store, **settings: float) -> MatcherService:
    return MatcherService(MatcherSettings(**settings), InProcessBus(TOPOLOGY), store, TOPOLOGY)


async def test_a_matcher_takes_its_own_shards_at_once_and_stands_by_on_the_others(store: Store) -> None:
    sources = service(store, ordinal=4, replicas=3, standby_s=7.0, search_batch=32).sources()

    at_once = {source.queue for source in sources if source.standby_s == 0}
    own = [TOPOLOGY.shard(number) for number in (1, 4)]
    assert at_once == {queue for shard in own for queue in (shard.reads, shard.writes)}
    shards = [TOPOLOGY.shard(number) for number in range(5)]
    assert {source.queue for source in sources} == {queue for shard in shards for queue in (shard.reads, shard.writes)}
    assert {source.standby_s for source in sources if source.queue not in at_once} == {7.0}
    assert {source.prefetch for source in sources} == {64}


@pytest.mark.parametrize(("host", "ordinal"), [("matcher-3", 3), ("wajah-matcher-12", 12), ("laptop", 0), ("pod-7f9c", 0)])
def test_the_number_of_a_matcher_ends_its_host_name(monkeypatch: pytest.MonkeyPatch, host: str, ordinal: int) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)

    assert MatcherSettings().ordinal == ordinal


def test_the_number_of_a_matcher_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "matcher-3")
    monkeypatch.setenv("WAJAH_ORDINAL", "1")

    assert MatcherSettings().ordinal == 1


async def test_a_matcher_is_ready_between_start_and_drain(store: Store) -> None:
    bus = InProcessBus(TOPOLOGY)
    matcher = MatcherService(MatcherSettings(), bus, store, TOPOLOGY)
    await bus.start()
    before = await matcher.ready()

    await matcher.start()
    started = await matcher.ready()
    await matcher.drain()
    drained = await matcher.ready()
    await matcher.stop()
    await bus.stop()

    assert [before, started, drained] == [False, True, False]


async def test_a_matcher_that_was_never_started_can_be_stopped(store: Store) -> None:
    matcher = service(store)

    await asyncio.wait_for(matcher.stop(), timeout=1)

    assert not await matcher.ready()


async def test_a_matcher_audits_its_galleries_from_time_to_time(store: Store) -> None:
    bus = InProcessBus(TOPOLOGY)
    matcher = MatcherService(MatcherSettings(audit_every_s=0.02), bus, store, TOPOLOGY)
    await enrol(store, face("u1", 1))
    await bus.start()
    await matcher.start()
    gallery = matcher._keeper.open(GALLERY, MODEL)
    await gallery.follow(deadline=soon())
    assert gallery._view is not None

    gallery._view.remove("u1")
    for _ in range(500):
        if not gallery.loaded:
            break
        await asyncio.sleep(0.01)

    [found] = await gallery.nearest(template(1), 1, deadline=soon())
    assert found.user_id == "u1"
    await matcher.drain()
    await matcher.stop()
    await bus.stop()

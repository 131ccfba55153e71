"""Two matchers share the shards over a real broker, and one takes over from the other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from matcher.service import MatcherService
from matcher.settings import MatcherSettings
from wajah.contracts.jobs import Identify, Verify
from wajah.contracts.results import Enrolled, Identified, Verified
from wajah.contracts.types import GalleryKey
from wajah.messaging.amqp import AmqpBus
from wajah.messaging.topology import Topology
from wajah.storage.connect import open_store
from wajah.storage.ports import Store

from tests.unit.matcher.asking import NO_IMAGE, Platform, enrolment
from tests.unit.matcher.faces import GALLERY, MODEL, client, template

GALLERIES = [f"gallery {n}" for n in range(6)]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'wajah.db'}")
    await store.start()
    await store.clients.add(client())
    await store.models.register(MODEL)
    for gallery_id in GALLERIES:
        await store.galleries.create(GalleryKey(GALLERY.client_id, gallery_id), "a job")
    yield store
    await store.stop()


@pytest.fixture
async def platform(amqp_url: str, amqp_topology: Topology, store: Store) -> AsyncIterator[Platform]:
    bus = AmqpBus(amqp_url, amqp_topology)
    await bus.start()
    yield Platform(bus, amqp_topology, store)
    await bus.stop()


class Matcher:
    """A matcher with a connection of its own, as a process has it."""

    def __init__(self, url: str, topology: Topology, store: Store, *, ordinal: int) -> None:
        self.bus = AmqpBus(url, topology)
        settings = MatcherSettings(ordinal=ordinal, replicas=2, standby_s=0.3, search_threads=1)
        self.service = MatcherService(settings, self.bus, store, topology)

    async def start(self) -> None:
        await self.bus.start()
        await self.service.start()

    async def end(self) -> None:
        await self.service.drain()
        await self.vanish()

    async def vanish(self) -> None:
        """Without finishing what it has in hand."""
        await self.bus.stop()
        await self.service.stop()


@pytest.fixture
async def matchers(amqp_url: str, amqp_topology: Topology, store: Store, platform: Platform) -> AsyncIterator[list[Matcher]]:
    matchers = [Matcher(amqp_url, amqp_topology, store, ordinal=ordinal) for ordinal in (0, 1)]
    for matcher in matchers:
        await matcher.start()
    yield matchers
    for matcher in matchers:
        await matcher.end()


async def enrol_everywhere(platform: Platform, numbers: range) -> None:
    replies = await asyncio.gather(
        *(platform.ask(enrolment(f"u{n}", gallery_id=gallery_id), template(n)) for n in numbers for gallery_id in GALLERIES)
    )
    assert [reply.result(Enrolled).replaced for reply in replies] == [False] * len(replies)


async def found_everywhere(platform: Platform, numbers: range) -> bool:
    identified = await asyncio.gather(
        *(
            platform.ask(Identify(gallery_id=gallery_id, image=NO_IMAGE), template(n))
            for n in numbers
            for gallery_id in GALLERIES
        )
    )
    found = [reply.result(Identified).best for reply in identified]
    return [best.user_id if best else None for best in found] == [f"u{n}" for n in numbers for _ in GALLERIES]


async def test_what_was_enrolled_over_the_broker_is_found_and_verified(platform: Platform, matchers: list[Matcher]) -> None:
    await enrol_everywhere(platform, range(5))

    verified = await platform.ask(Verify(gallery_id=GALLERIES[0], user_id="u1", image=NO_IMAGE), template(1))

    assert await found_everywhere(platform, range(5))
    assert verified.result(Verified).similarity == 1.0


async def test_the_other_matcher_takes_over_when_one_drains(platform: Platform, matchers: list[Matcher]) -> None:
    await enrol_everywhere(platform, range(3))
    assert await found_everywhere(platform, range(3))

    await matchers[0].end()

    await enrol_everywhere(platform, range(3, 6))
    assert await found_everywhere(platform, range(6))


async def test_jobs_in_the_hands_of_a_matcher_that_vanishes_are_answered_by_the_other(
    platform: Platform, matchers: list[Matcher]
) -> None:
    await enrol_everywhere(platform, range(3))

    enrolling = asyncio.gather(enrol_everywhere(platform, range(3, 13)))
    await asyncio.sleep(0.03)
    await matchers[1].vanish()
    await enrolling

    assert await found_everywhere(platform, range(13))

"""Whatever dies while faces are being enrolled: each enrolment that was acknowledged is found afterwards, and none twice."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces import pictures
from tests.fault.platform import Platform
from tests.fault.under_fire import ENROLMENTS, enrol_under_fire
from tests.servers.rabbitmq import RabbitMqChild, child_broker

DOWN_S = 1.0


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMqChild]:
    with child_broker() as running:
        yield running


@pytest.fixture(scope="module")
def platform(broker: RabbitMqChild, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder: Path = tmp_path_factory.mktemp("platform")
    running = Platform(broker.url, f"sqlite:///{folder / 'wajah.db'}", folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def images() -> list[str]:
    return [base64.b64encode(picture).decode() for picture in pictures(ENROLMENTS)]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("victim", ["embedder", "matcher", "ingress"])
async def test_what_a_killed_service_acknowledged_is_found(victim: str, platform: Platform, images: list[str]) -> None:
    process = platform.processes[victim]

    async def kill_and_start_again() -> None:
        process.kill()
        await asyncio.sleep(DOWN_S)
        process.start()
        await asyncio.to_thread(process.wait_ready)

    await enrol_under_fire(platform, f"killed {victim}", images, kill_and_start_again)


@pytest.mark.timeout(300)
async def test_what_a_killed_broker_let_acknowledge_is_found(
    broker: RabbitMqChild, platform: Platform, images: list[str]
) -> None:
    async def kill_and_start_again() -> None:
        await asyncio.to_thread(broker.kill)
        await asyncio.sleep(DOWN_S)
        await asyncio.to_thread(broker.start)

    await enrol_under_fire(platform, "killed broker", images, kill_and_start_again)

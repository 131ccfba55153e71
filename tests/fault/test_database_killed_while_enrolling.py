"""The database dies while faces are being enrolled: what was acknowledged is found afterwards, and none twice."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces import pictures
from tests.fault.platform import Platform
from tests.fault.under_fire import ENROLMENTS, enrol_under_fire
from tests.servers.mongodb import MongoChild, child_server
from tests.servers.rabbitmq import child_broker

DOWN_S = 1.0


@pytest.fixture
def database() -> Iterator[MongoChild]:
    with child_server() as running:
        yield running


@pytest.mark.timeout(400)
async def test_what_a_killed_database_let_acknowledge_is_found(database: MongoChild, tmp_path: Path) -> None:
    images = [base64.b64encode(picture).decode() for picture in pictures(ENROLMENTS)]

    async def kill_and_start_again() -> None:
        await asyncio.to_thread(database.kill)
        await asyncio.sleep(DOWN_S)
        await asyncio.to_thread(database.start)

    with child_broker() as broker:
        platform = Platform(broker.url, f"{database.url}wajah", tmp_path)
        try:
            await asyncio.to_thread(platform.start)
            await enrol_under_fire(platform, "killed database", images, kill_and_start_again, accounts_at_once=False)
        finally:
            await asyncio.to_thread(platform.stop)

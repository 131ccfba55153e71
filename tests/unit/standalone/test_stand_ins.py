"""The stand-ins beside a platform: started with it, ended with it, and never taken for what they stand in for."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pedulilindungi.settings import PeduliLindungiSettings
from standalone.stand_ins import OPTIONS, StandIn

from tests.servers.services import ServiceProcess, free_port
from tests.stand_ins.pedulilindungi.contract import NOTICE


@pytest.fixture
def bind() -> str:
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
async def stand_in(bind: str) -> AsyncIterator[StandIn]:
    stand_in = StandIn(bind=bind)
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


async def test_it_says_what_it_is_on_every_page(stand_in: StandIn, bind: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://{bind}") as http:
        pages = [await http.get(path) for path in ("/", "/docs", "/openapi.json", "/stand-in/calls", "/no-such-page")]
        pages.append(await http.post("/v1/users", json={"nik": "1", "name": "n"}))
        pages.append(await http.post("/v1/users", json={}))

    assert await stand_in.ready()
    assert {page.headers["x-stand-in"] for page in pages} == {NOTICE}
    assert NOTICE in pages[0].text
    assert pages[5].json()["standIn"] == NOTICE


def test_it_says_what_it_is_in_every_line_of_its_log(bind: str, tmp_path: Path) -> None:
    process = ServiceProcess("tests.stand_ins.pedulilindungi", {}, tmp_path, bind)
    process.start()
    process.wait_ready(f"http://{bind}/")

    process.stop()

    [log] = tmp_path.iterdir()
    lines = log.read_text().splitlines()
    assert "STAND-IN for PeduliLindungi: GET / 200" in lines
    assert all(line.startswith("STAND-IN for PeduliLindungi: ") for line in lines)


async def test_it_ends_with_the_platform(bind: str) -> None:
    stand_in = StandIn(bind=bind)
    await stand_in.start()

    await stand_in.stop()

    assert not await stand_in.ready()
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"http://{bind}/")


async def test_without_its_source_it_does_not_start(bind: str) -> None:
    with pytest.raises(FileNotFoundError, match="source tree"):
        await StandIn(module="tests.stand_ins.nobody", bind=bind).start()


def test_its_connector_knows_that_it_is_one() -> None:
    assert PeduliLindungiSettings(**OPTIONS).pl_stand_in

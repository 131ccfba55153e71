"""A client that others wrote, `@glair/vision` from npm, verifies cards with us: nothing but its `baseUrl` is told to it."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from dukcapil.settings import DukcapilSettings

from tests.integration.ingress_server import Platform, platform
from tests.integration.ktp_caller import BORN, CLIENT, KEY, NAME, NIK, PASSWORD, register, sign_up
from tests.integration.stages import picture
from tests.servers.reporting import report_not_run
from tests.stand_ins.dukcapil.serving import stand_in

PACKAGE: Final = "@glair/vision@0.0.1-beta.9"
INSTALL_TIMEOUT_S: Final = 60
SCRIPT: Final = """
import { Vision } from '@glair/vision';
console.log = console.info = () => {};
const { config, card } = JSON.parse(process.argv[2]);
const told = await new Vision(config).identity.faceVerification(card).then(
  (answer) => ({ answer }),
  (refusal) => ({ refusal }),
);
process.stdout.write(JSON.stringify(told));
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a script that uses the client."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        report_not_run("the npm client @glair/vision", "node or npm is not here")
        pytest.skip("no node")
    folder = tmp_path_factory.mktemp("glair")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    (folder / "verify.js").write_text(SCRIPT)
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=INSTALL_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode != 0:
        report_not_run("the npm client @glair/vision", "npm could not install it")
        pytest.skip("npm install failed")
    return folder


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform(tmp_path, dukcapil=DukcapilSettings()) as started:
        await sign_up(started)
        await register(started)
        yield started


async def verify(
    installed: Path, running: Platform, image: bytes | None = None, *, password: str = PASSWORD, **card: str
) -> dict[str, Any]:
    """`answer`, or the `refusal` that the client throws."""
    photo = installed / "a photo with no suffix"
    photo.write_bytes(picture("siti") if image is None else image)
    told = {
        "config": {
            "baseUrl": str(running.http.base_url).rstrip("/"),
            "apiKey": KEY,
            "username": CLIENT,
            "password": password,
        },
        "card": {"nik": NIK, "name": NAME, "date_of_birth": BORN, "face_image": str(photo)} | card,
    }
    process = await asyncio.create_subprocess_exec(
        "node", "verify.js", json.dumps(told), cwd=installed, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, complained = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, complained.decode()
    outcome: dict[str, Any] = json.loads(printed)
    return outcome


async def test_it_verifies_a_card(installed: Path, running: Platform) -> None:
    outcome = await verify(installed, running)

    assert outcome == {
        "answer": {
            "verification_status": True,
            "reason": "Verification Success",
            "result": {"nik": True, "name": True, "date_of_birth": True, "face_image_percentage": 100},
        }
    }


async def test_it_is_told_what_does_not_match(installed: Path, running: Platform) -> None:
    reasons = [
        (await verify(installed, running, **card))["answer"]["reason"]
        for card in ({"nik": "3175035708450002"}, {"name": "Agus"}, {"date_of_birth": "01-02-1999"})
    ]
    other_face = await verify(installed, running, picture("agus"))

    assert reasons == ["NIK not found on Dukcapil database", "Name does not match", "Date of birth does not match"]
    assert other_face["answer"]["reason"] == "Selfie image does not pass the threshold"


async def test_it_is_told_what_is_wrong_with_a_request(installed: Path, running: Platform) -> None:
    no_nik = await verify(installed, running, nik="1234")
    no_date = await verify(installed, running, date_of_birth="1999-02-01")
    no_image = await verify(installed, running, b"GIF89a")
    no_access = await verify(installed, running, password="wrong")

    assert no_nik == {"refusal": {"verification_status": False, "reason": "Invalid NIK number format"}}
    assert no_date == {"refusal": {"verification_status": False, "reason": "Invalid date_of_birth format"}}
    assert no_image["refusal"]["verification_status"] is False
    assert no_access == {"refusal": {"error": "Access to this API has been disallowed"}}


async def test_it_is_told_of_a_dukcapil_that_fails(installed: Path, tmp_path: Path) -> None:
    async with stand_in(tmp_path) as there:
        there.state.script.append(5001)
        async with platform(tmp_path, dukcapil=there.settings(ktp_registry="dukcapil")) as running:
            await sign_up(running)
            outcome = await verify(installed, running)

    nothing = {"nik": None, "name": None, "date_of_birth": None, "face_image_percentage": None}
    assert outcome["refusal"]["reason"] == "Something wrong in Dukcapil server"
    assert outcome["refusal"]["result"] == nothing

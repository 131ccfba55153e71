"""`wajah dukcapil identify`: a photograph goes out, people or a reason come back."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dukcapil.settings import DukcapilSettings

from tests.stand_ins.dukcapil.serving import StandIn, stand_in

NIK = "3175031708450001"


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path) as dukcapil:
        yield dukcapil


async def identify(settings: DukcapilSettings, photo: Path, *arguments: str) -> tuple[int | None, str, str]:
    """Exit status, standard output, standard error."""
    told = settings.model_dump(include={name for name in DukcapilSettings.model_fields if name.startswith("dukcapil_")})
    environment = {
        f"WAJAH_{name.upper()}": str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)
        for name, value in told.items()
        if value is not None
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "standalone", "dukcapil", "identify", str(photo), *arguments, "--data", str(photo.parent)),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complained = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, printed.decode(), complained.decode()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff a photograph")
    return path


async def test_people_are_printed_best_first(there: StandIn, photo: Path) -> None:
    there.state.found = {NIK: 8.5, "1101010101000001 ": 12.0}

    status, printed, complained = await identify(there.settings(), photo, "--threshold", "6.5")

    assert status == 0, complained
    told = json.loads(printed)
    assert told["found"] == [{"nik": "1101010101000001", "score": 12.0}, {"nik": NIK, "score": 8.5}]
    assert told["threshold"] == 6.5
    assert there.state.calls[-1].body["threshold"] == "6.5"


async def test_a_refusal_is_told_in_one_line_without_a_secret(there: StandIn, photo: Path) -> None:
    there.state.script.append(5003)

    status, printed, complained = await identify(there.settings(), photo)

    assert (status, printed) == (1, "")
    assert "wajah: 701 Dukcapil: account, address or request refused (5003)" in complained
    assert "Traceback" not in complained
    assert there.state.password not in complained


async def test_another_key_than_the_one_agreed_on_is_told(there: StandIn, photo: Path) -> None:
    status, _, complained = await identify(there.settings(dukcapil_key_sha256="0" * 64), photo)

    assert status == 1
    assert "fingerprint" in complained
    assert "Traceback" not in complained
    assert there.state.calls == []

"""The Dukcapil FR API as an operator sets it up: institutions from the command line, calls encrypted by OpenSSL."""

import asyncio
import base64
import json
import subprocess
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from standalone.cli import app
from typer.testing import CliRunner

from tests.integration.dukcapil_caller import NIK, checked, code_of, found_in
from tests.integration.ingress_server import CLIENT, Platform, platform
from tests.integration.stages import picture_text

PASSWORD = "sandi rahasia"


@dataclass(frozen=True)
class Operator:
    """With a running platform, and its data."""

    platform: Platform
    data: Path

    async def says(self, *arguments: str, line: str = "") -> str:
        result = await asyncio.to_thread(
            CliRunner().invoke, app, ["institution", *arguments, "--data", str(self.data)], input=f"{line}\n"
        )
        assert result.exit_code == 0, result.output
        return result.stdout

    async def call(self, pem: str, *, password: str = PASSWORD) -> dict[str, Any]:
        key = self.data / "bank.pem"
        await asyncio.to_thread(key.write_text, pem)
        user_id, secret = [await asyncio.to_thread(_encrypted, key, text) for text in ("bank.user", password)]
        body = {
            "transactionId": "11",
            "transactionSource": "mobile",
            "threshold": "5",
            "image": picture_text("siti"),
            "user_id": user_id,
            "password": secret,
            "ip": "10.1.2.3",
        }
        return checked(await self.platform.http.post("/api/face-recognition/bank-1/CALL_FN", json=body))


def _encrypted(key: Path, text: str) -> str:
    """As the document has it: PKCS#1 v1.5, then base64."""
    command = ["openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", str(key), "-pkeyopt", "rsa_padding_mode:pkcs1"]
    return base64.b64encode(subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout).decode()


@pytest_asyncio.fixture
async def operator(tmp_path: Path) -> AsyncGenerator[Operator]:
    async with platform(tmp_path) as started:
        await started.call("POST", "/face-api/client/register")
        enrolment = {
            "user_id": NIK,
            "user_name": "Siti",
            "facegallery_id": f"{CLIENT}@trial",
            "image": picture_text("siti"),
            "trx_id": "1",
        }
        await started.call("POST", "/face-api/facegallery/enroll-face", enrolment)
        yield Operator(started, tmp_path)


@pytest.fixture
def add() -> tuple[str, ...]:
    return ("add", "bank-1", "--client", CLIENT, "--user-id", "bank.user", "--ip", "127.0.0.1", "--quota", "100")


async def test_an_institution_calls_with_what_the_operator_handed_over(operator: Operator, add: tuple[str, ...]) -> None:
    added = json.loads(await operator.says(*add, line=PASSWORD))

    told = await operator.call(added["public_key"])

    assert (told["errorCode"], told["faceThreshold"]) == ("6018", "5.0")
    assert found_in(told) == {NIK: 20.0}


async def test_a_running_platform_follows_the_operator(operator: Operator, add: tuple[str, ...]) -> None:
    codes = []
    pem = json.loads(await operator.says(*add, line=PASSWORD))["public_key"]

    for command, line in (
        (("quota", "bank-1", "0"), ""),
        (("ip", "bank-1", "192.0.2.1"), ""),
        (("password", "bank-1"), "another"),
        (("remove", "bank-1"), ""),
    ):
        await operator.says(*command, line=line)
        codes.append(code_of(await operator.call(pem)))
        if command[0] == "password":
            codes.append(code_of(await operator.call(pem, password="another")))

    assert codes == [5002, 5003, 5001, 5003, 5001]


async def test_keys_overlap_while_they_are_rotated(operator: Operator, add: tuple[str, ...]) -> None:
    first = json.loads(await operator.says(*add, line=PASSWORD))["public_key"]

    second = await operator.says("key", "bank-1", "--rotate")
    during = [code_of(await operator.call(pem)) for pem in (first, second)]
    third = await operator.says("key", "bank-1", "--rotate", "--overlap-days", "0")
    afterwards = [code_of(await operator.call(pem)) for pem in (first, second, third)]

    assert during == [6018, 6018]
    assert afterwards == [5001, 5001, 6018]

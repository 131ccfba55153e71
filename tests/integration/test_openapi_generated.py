"""The platform against its own OpenAPI document: schemathesis asks it, rightly and wrongly, and judges the answers."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

import pytest
from ingress.auth import HEADER

from tests.integration.face_api_calls import ENDPOINTS
from tests.integration.ingress_server import CLIENT, OTHER_CLIENT, Platform, platform, token_of
from tests.integration.users_caller import add_key, key_of

SEED: Final = "20260101"  # the same requests every time: what fails here fails again
EXAMPLES: Final = "5"  # of each operation, after some 40 each that cover the schema's bounds
TIMEOUT_S: Final = 100.0  # five times what it takes alone on two cores

NOT_CHECKED: Final = (
    "negative_data_rejection",  # the Face API refuses with HTTP 200; what is refused is in test_face_api_statuses
    "positive_data_acceptance",  # a schema can't say that a picture shows a face
    "allow_header_conformance",  # a user of the Users API may be called "search", and then DELETE is allowed
)
CONFIGURATION: Final = """
[[operations]]
include-path-regex = "^/api/face-recognition/"
checks.unsupported_method.enabled = false
"""  # there HTTP is 200 whatever is asked
DEREGISTERS: Final = [f"{mount}/client/delete" for mount in ("/face-api", "/risetai/face-api")]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Platform]:
    async with platform(tmp_path, max_body_bytes=100_000) as started:
        for client_id in (CLIENT, OTHER_CLIENT):
            await add_key(started.store, client_id)
            await started.call("POST", "/face-api/client/register", client_id=client_id)
        yield started


async def schemathesis(running: Platform, folder: Path, client_id: str, *arguments: str) -> tuple[int | None, str]:
    """Its exit status, and what it printed. It keeps its notes in `folder`."""
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{running.http.base_url}/openapi.json",
        *("--header", f"{HEADER}: {token_of(client_id)}", "--header", f"x-api-key: {key_of(client_id)}"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED, "--continue-on-failure"),
        *("--exclude-checks", ",".join(NOT_CHECKED), "--max-response-time", "10", "--request-timeout", "15"),
        *("--warnings", "off", "--no-color", *arguments),
        cwd=folder,
        env={**os.environ, "COLUMNS": "120"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            printed, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode, printed.decode()


async def test_the_platform_keeps_to_its_document(running: Platform, tmp_path: Path) -> None:
    excluded = [option for path in DEREGISTERS for option in ("--exclude-path", path)]

    status, printed = await schemathesis(running, tmp_path, CLIENT, *excluded)

    assert status == 0, printed
    assert "Failures" not in printed


async def test_deregistering_keeps_to_the_document_too(running: Platform, tmp_path: Path) -> None:
    included = [option for path in DEREGISTERS for option in ("--include-path", path)]

    status, printed = await schemathesis(running, tmp_path, OTHER_CLIENT, *included)

    assert status == 0, printed
    assert "Tested: 2" in printed


async def test_the_document_has_every_call(running: Platform) -> None:
    """Without this an operation could be left out of the document, and of the test above."""
    document = (await running.http.get("/openapi.json")).json()

    for mount in ("/face-api", "/risetai/face-api"):
        for method, name in ENDPOINTS:
            assert method.lower() in document["paths"][f"{mount}/{name}"]

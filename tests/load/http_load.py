"""A bare HTTP/1.1 load: N connections that each send the next request as soon as they have the answer.

Written on asyncio streams because the load shares the cores with what it measures: an HTTP library costs more than the
platform adds.
"""

import asyncio
import base64
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

ANSWER_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a run did: how long in all, and each answer's latency."""

    elapsed_s: float
    latencies_ms: list[float]
    statuses: dict[str, int]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies_ms) / self.elapsed_s


def face_body(image: bytes, **fields: str) -> bytes:
    """A request's body: the fields, and the image as base64."""
    return json.dumps({**fields, "image": base64.b64encode(image).decode()}).encode()


def identify_requests(base_url: str, token: str, gallery_id: str, images: Sequence[bytes]) -> list[bytes]:
    """One ready-made identify-face request an image."""
    url = urlsplit(base_url)
    requests = []
    for image in images:
        body = face_body(image, facegallery_id=gallery_id)
        head = (
            f"POST /face-api/facegallery/identify-face HTTP/1.1\r\nHost: {url.netloc}\r\n"
            f"Accesstoken: {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return requests


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> str:
    writer.write(request)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_TIMEOUT_S)
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return str(json.loads(await reader.readexactly(length))["status"])


async def run(base_url: str, requests: Sequence[bytes], *, concurrency: int, total: int) -> Load:
    """Send `total` requests, cycling through `requests`, over `concurrency` connections."""
    url = urlsplit(base_url)
    latencies: list[float] = []
    statuses: dict[str, int] = {}
    turns = iter(range(total))

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        for turn in turns:
            started = time.perf_counter()
            status = await _exchange(reader, writer, requests[turn % len(requests)])
            latencies.append((time.perf_counter() - started) * 1000)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(concurrency)))
    return Load(time.perf_counter() - started, latencies, statuses)

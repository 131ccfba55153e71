"""An orderly stop loses no transaction record: each job that was answered has exactly one."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import httpx
from standalone.clients import Limits, add_client
from wajah.security.passwords import Passwords
from wajah.settings import Settings
from wajah.storage.connect import open_store
from wajah.storage.ports import Transaction

from tests.servers.services import ServiceProcess, free_port

CALLS = 300
ANSWERED_BEFORE_THE_STOP = 100
DATA = str(Settings().data)


async def test_every_answered_job_has_one_record_after_a_stop_under_load(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'wajah.db'}"
    await add(url)
    base = f"http://127.0.0.1:{free_port()}"
    serve = ServiceProcess(
        "standalone", {"WAJAH_STORE": url, "WAJAH_DATA": DATA}, tmp_path, "serve", "--bind", base.removeprefix("http://")
    )
    answered: list[str] = []
    await asyncio.to_thread(serve.start)
    try:
        await asyncio.to_thread(serve.wait_ready, f"{base}/readyz")
        code = await stopped_under_load(serve, base, answered)
    finally:
        await asyncio.to_thread(serve.stop)

    records = Counter(each.trx_id for each in await recorded(url))
    assert code == 0
    assert len(answered) >= ANSWERED_BEFORE_THE_STOP
    assert {trx_id: records[trx_id] for trx_id in answered} == dict.fromkeys(answered, 1)


async def stopped_under_load(serve: ServiceProcess, base: str, answered: list[str]) -> int:
    async with httpx.AsyncClient(base_url=base, timeout=30, limits=httpx.Limits(max_connections=16)) as http:
        token = await http.post("/oauth/client/token", data={"client_id": "acme", "password": "secret"})
        http.headers["Accesstoken"] = token.json()["access_token"]
        calls = [asyncio.create_task(call(http, f"trx {number}", answered)) for number in range(CALLS)]
        while len(answered) < ANSWERED_BEFORE_THE_STOP:  # noqa: ASYNC110 - counted by many
            await asyncio.sleep(0.001)
        code, *_ = await asyncio.gather(asyncio.to_thread(serve.stop), *calls)
    return code


async def call(http: httpx.AsyncClient, trx_id: str, answered: list[str]) -> None:
    try:
        answer = await http.request("GET", "/face-api/facegallery/my-facegalleries", content=json.dumps({"trx_id": trx_id}))
    except httpx.TransportError:
        return  # the platform has gone
    if answer.status_code == 200 and answer.json()["status"] == "200":
        answered.append(trx_id)


async def add(url: str) -> None:
    store = open_store(url)
    await store.start()
    await add_client(store, Passwords(), "acme", "secret", Limits())
    await store.stop()


async def recorded(url: str) -> list[Transaction]:
    store = open_store(url)
    await store.start()
    try:
        return await store.transactions.find("acme", limit=10 * CALLS)
    finally:
        await store.stop()

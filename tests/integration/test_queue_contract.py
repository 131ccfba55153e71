"""The queues are a public contract: plain JSON and any AMQP library are all that a publisher needs."""

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import pika
import pytest
from embedder.service import EmbedderService
from embedder.settings import EmbedderSettings
from matcher.service import MatcherService
from matcher.settings import MatcherSettings
from wajah.messaging.asyncapi import document
from wajah.messaging.connect import open_bus
from wajah.messaging.service import Resource, running
from wajah.messaging.topology import Topology
from wajah.settings import Settings
from wajah.storage.connect import open_store
from wajah.storage.ports import Client, Quota

from tests.faces import pictures

ROOT = Path(__file__).parents[2]
CLIENT_ID = "an internal service"


@pytest.fixture
async def services(amqp_url: str, amqp_topology: Topology, tmp_path: Path) -> AsyncIterator[None]:
    """A real embedder and a real matcher on the shared broker."""
    store, bus = open_store(f"sqlite:///{tmp_path / 'wajah.db'}"), open_bus(amqp_url, amqp_topology)

    async def bus_ready() -> bool:
        return bus.ready

    parts = [
        Resource("store", store.start, store.ready, store.stop),
        Resource("bus", bus.start, bus_ready, bus.stop),
        EmbedderService(EmbedderSettings(data=Settings().data), bus, store, amqp_topology),
        MatcherService(MatcherSettings(), bus, store, amqp_topology),
    ]
    async with running(parts, grace_s=10):
        await store.clients.add(Client(CLIENT_ID, "nobody signs in", dict.fromkeys(Quota), datetime.now(UTC)))
        yield


class Publisher:
    """Somebody else's program: pika, JSON, and the text of `docs/asyncapi.json`."""

    def __init__(self, url: str, topology: Topology) -> None:
        self._url = url
        self._topology = topology

    def ask(self, job: str, payload: dict[str, Any], queue: str) -> dict[str, Any]:
        with pika.BlockingConnection(pika.URLParameters(self._url)) as connection:
            channel = connection.channel()
            replies = channel.queue_declare("", exclusive=True).method.queue
            body = json.dumps({"job": job, "client_id": CLIENT_ID, "payload": payload})
            properties = pika.BasicProperties(
                content_type="application/json", reply_to=replies, correlation_id=uuid.uuid4().hex
            )
            channel.confirm_delivery()
            channel.basic_publish("", queue, body.encode(), properties, mandatory=True)
            for _method, answered, reply in channel.consume(replies, auto_ack=True, inactivity_timeout=20):
                assert answered is not None, "no reply"
                assert answered.correlation_id == properties.correlation_id
                answer: dict[str, Any] = json.loads(reply)
                return answer
        raise AssertionError("no reply")

    def shard(self, gallery_id: str) -> str:
        number = crc32(f"{CLIENT_ID}\0{gallery_id}".encode()) % self._topology.shards
        return f"{self._topology.prefix}.match.{number}"


@pytest.mark.usefixtures("services")
async def test_plain_json_enrols_and_identifies(amqp_url: str, amqp_topology: Topology) -> None:
    publisher = Publisher(amqp_url, amqp_topology)
    image = base64.b64encode(next(iter(pictures(1)))).decode()
    embed = f"{amqp_topology.prefix}.embed"

    def story() -> list[dict[str, Any]]:
        return [
            publisher.ask("gallery.create", {"gallery_id": "door"}, publisher.shard("door") + ".write"),
            publisher.ask("enrol", {"gallery_id": "door", "user_id": "1", "user_name": "Ani", "image": image}, embed),
            publisher.ask("identify", {"gallery_id": "door", "image": image}, embed),
        ]

    created, enrolled, identified = await asyncio.to_thread(story)

    assert [answer["error"] for answer in (created, enrolled, identified)] == [None, None, None]
    assert enrolled["results"]["match.enrol"]["user_id"] == "1"
    assert identified["results"]["match.identify"]["best"] == {"user_id": "1", "user_name": "Ani", "similarity": 1.0}
    assert "template" not in identified["results"]["embed"]


@pytest.mark.usefixtures("services")
async def test_a_malformed_job_is_told_so(amqp_url: str, amqp_topology: Topology) -> None:
    publisher = Publisher(amqp_url, amqp_topology)

    answer = await asyncio.to_thread(publisher.ask, "identify", {"gallery_id": "door"}, f"{amqp_topology.prefix}.embed")

    assert answer["error"]["code"] == "400"
    assert "image" in answer["error"]["message"]


def test_the_committed_document_is_the_contract() -> None:
    committed = json.loads((ROOT / "docs" / "asyncapi.json").read_text(encoding="utf-8"))

    assert committed == json.loads(json.dumps(document()))


def test_every_reference_of_the_document_leads_somewhere() -> None:
    whole = json.loads(json.dumps(document()))

    def references(part: Any) -> list[str]:
        if isinstance(part, list):
            return [found for each in part for found in references(each)]
        if not isinstance(part, dict):
            return []
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [found for each in part.values() for found in references(each)]

    for reference in references(whole):
        target = whole
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]

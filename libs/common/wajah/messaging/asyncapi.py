"""The queue contract as an AsyncAPI 3.0 document: `python -m wajah.messaging.asyncapi > docs/asyncapi.json`.

It speaks from the platform's side: what it receives on which queue, and what it replies.
"""

import json
import sys
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from wajah.contracts.envelope import DEFAULT_DEADLINE_S, Envelope, Reply
from wajah.contracts.errors import MESSAGES, Code
from wajah.contracts.framing import FRAME_TYPE, JSON_TYPE
from wajah.contracts.jobs import PAYLOADS
from wajah.contracts.results import RESULTS
from wajah.contracts.stages import ITINERARIES, STAGES, JobName, Kind
from wajah.contracts.types import Contract
from wajah.messaging.amqp_wire import DEADLINE_HEADER
from wajah.messaging.topology import DELIVERY_LIMIT, Queue, Topology

VERSION: Final = "0.1.0"
_SHARD: Final = 0
_REFERENCE: Final = "#/components/schemas/{model}"
_TOPOLOGY: Final = Topology(shards=1)

_ABOUT: Final = f"""Any service may publish jobs to the queues, and gets the answer that an HTTP client would get.

**Body.** Plain JSON (`content_type: {JSON_TYPE}`, binary fields as base64), or one binary frame (`{FRAME_TYPE}`): the four
bytes `WJ1\\n`, the length of the header (uint32, little endian), the header, the binary fields end to end. The header is
the same JSON without the binary fields, plus `parts`: a list of `[where, field, size in bytes]` in the order of the bytes.

**Properties.** `reply_to` and `correlation_id` bring the reply; without them the job is done and nobody is told. Publish to
the default exchange with the queue's name as routing key, `mandatory`, with confirms. `expiration` in milliseconds suits
jobs on queues of transient messages. The header `{DEADLINE_HEADER}` (Unix seconds, as text) and the field `deadline` say
until when the answer is wanted; absent, {DEFAULT_DEADLINE_S:.0f} seconds. An expired job is answered with
{Code.BUSY.value} and not worked on.

**Shards.** A job that begins at the matcher goes to shard n = CRC-32 of client id, NUL, gallery id (UTF-8; an empty gallery
id where the job has none), modulo the number of shards of the deployment (`WAJAH_SHARDS`, 16 unless set).

**Repetition.** Every job may be published again with the same `job_id`: the outcome is the same. A job whose worker died is
tried again alone, and after {DELIVERY_LIMIT} attempts parked on `{_TOPOLOGY.dead_letters}`; its caller is told 500."""


def document() -> dict[str, Any]:
    """The whole document."""
    jobs = sorted(JobName, key=lambda job: job.value)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Wajah: jobs on queues", "version": VERSION, "description": _ABOUT},
        "defaultContentType": JSON_TYPE,
        "channels": {**_channels(jobs), "replies": _replies()},
        "operations": {job.value: _operation(job) for job in jobs},
        "components": {
            "messages": {**{job.value: _message(job) for job in jobs}, "reply": _reply_message()},
            "schemas": _schemas(),
        },
    }


def _queue(job: JobName) -> Queue:
    """Where a job of this name is published, on shard 0."""
    spec = STAGES[ITINERARIES[job][0].stage]
    if spec.service == "embedder":
        return _TOPOLOGY.embed
    if spec.service == "dukcapil":
        return _TOPOLOGY.dukcapil
    shard = _TOPOLOGY.shard(_SHARD) if spec.sharded else _TOPOLOGY.pedulilindungi
    return shard.writes if spec.kind is Kind.WRITE else shard.reads


def _address(queue: Queue) -> str:
    return queue.name.replace(f".match.{_SHARD}", ".match.{shard}")


def _channel_name(job: JobName) -> str:
    return _address(_queue(job)).replace("{shard}", "n")


def _channels(jobs: list[JobName]) -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for job in jobs:
        queue = _queue(job)
        channel = channels.setdefault(
            _channel_name(job),
            {
                "address": _address(queue),
                "messages": {},
                "bindings": {"amqp": {"is": "queue", "queue": {"name": _address(queue), "durable": True}}},
                "description": "Persistent messages in a quorum queue." if queue.durable else "Transient messages.",
            },
        )
        if "{shard}" in channel["address"]:
            channel["parameters"] = {"shard": {"description": "The gallery's shard, see above."}}
        channel["messages"][job.value] = {"$ref": f"#/components/messages/{job.value}"}
    return channels


def _replies() -> dict[str, Any]:
    return {
        "address": None,
        "description": "A queue of the caller's own; exclusive and server-named is usual.",
        "messages": {"reply": {"$ref": "#/components/messages/reply"}},
    }


def _operation(job: JobName) -> dict[str, Any]:
    channel = f"#/channels/{_channel_name(job)}"
    stages = " → ".join(step.stage.value for step in ITINERARIES[job])
    return {
        "action": "receive",
        "summary": (PAYLOADS[job].__doc__ or job.value).strip().split("\n\n")[0],
        "description": f"Stages: {stages}.",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{job.value}"}],
        "reply": {
            "address": {"location": "$message.header#/reply_to"},
            "channel": {"$ref": "#/channels/replies"},
            "messages": [{"$ref": "#/channels/replies/messages/reply"}],
        },
    }


def _message(job: JobName) -> dict[str, Any]:
    payload = PAYLOADS[job].__name__
    results = [RESULTS[step.stage].__name__ for step in ITINERARIES[job]]
    return {
        "name": job.value,
        "contentType": JSON_TYPE,
        "summary": f"The reply's results are of {', '.join(results)}.",
        "headers": {"type": "object", "properties": {DEADLINE_HEADER: {"type": "string"}}},
        "correlationId": {"location": "$message.header#/correlation_id"},
        "payload": {
            "allOf": [
                {"$ref": _REFERENCE.format(model="Envelope")},
                {
                    "type": "object",
                    "properties": {
                        "job": {"const": job.value},
                        "payload": {"$ref": _REFERENCE.format(model=payload)},
                    },
                },
            ]
        },
    }


def _reply_message() -> dict[str, Any]:
    codes = "; ".join(f"{code.value} {text}" for code, text in MESSAGES.items())
    return {
        "name": "reply",
        "contentType": JSON_TYPE,
        "summary": "How a job ended: `error`, or the results of its stages, by stage.",
        "description": f"Codes of `error`: {codes}.",
        "correlationId": {"location": "$message.header#/correlation_id"},
        "payload": {"$ref": _REFERENCE.format(model="Reply")},
    }


def _schemas() -> dict[str, Any]:
    models: list[type[Contract]] = [Envelope, Reply, *PAYLOADS.values(), *RESULTS.values()]
    _, found = models_json_schema([(model, "validation") for model in models], ref_template=_REFERENCE)
    schemas: dict[str, Any] = _base64_for_bytes(found["$defs"])
    return schemas


def _base64_for_bytes(schema: Any) -> Any:
    """JSON has no bytes: what the models call binary travels as base64 text."""
    if isinstance(schema, list):
        return [_base64_for_bytes(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "binary":
        schema = {name: value for name, value in schema.items() if name != "format"} | {"contentEncoding": "base64"}
    return {name: _base64_for_bytes(value) for name, value in schema.items()}


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")

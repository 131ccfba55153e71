"""How an envelope becomes bytes: a JSON header and the raw binary fields in one frame, or plain JSON with base64.

Frame: `WJ1\\n`, header length (uint32, little endian), header, binary fields end to end. The header is the envelope's
JSON plus `parts`: a list of `[where, field, size in bytes]` in the order of the bytes that follow.
"""

import struct
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from wajah.contracts.envelope import Envelope, Reply
from wajah.contracts.errors import Code, WajahError

FRAME_TYPE = "application/x-wajah-frame"
JSON_TYPE = "application/json"

_MAGIC = b"WJ1\n"
_PREFIX = struct.Struct("<4sI")


def encode(envelope: Envelope) -> bytes:
    """One binary frame (`FRAME_TYPE`)."""
    header = {name: getattr(envelope, name) for name in Envelope.model_fields}
    parts: list[tuple[str, str, int]] = []
    blobs: list[bytes] = []

    def strip(where: str, fields: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, value in fields.items():
            if isinstance(value, bytes | memoryview):
                parts.append((where, name, len(value)))
                blobs.append(bytes(value) if isinstance(value, memoryview) else value)
            else:
                kept[name] = value
        return kept

    header["payload"] = strip("payload", envelope.payload)
    header["results"] = {stage: strip(stage, fields) for stage, fields in envelope.results.items()}
    header["parts"] = parts
    text = to_json(header)
    return b"".join((_PREFIX.pack(_MAGIC, len(text)), text, *blobs))


def decode(body: bytes, content_type: str | None) -> Envelope:
    """The envelope of a frame or of a JSON message. Raises WajahError 400 for anything else."""
    is_json = (content_type or "").partition(";")[0].strip().lower() == JSON_TYPE
    try:
        return Envelope.model_validate(from_json(body) if is_json else _unframe(body))
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        raise WajahError(Code.MALFORMED, "Request malformed: not a job") from None


def _unframe(body: bytes) -> dict[str, Any]:
    magic, size = _PREFIX.unpack_from(body)
    if magic != _MAGIC:
        raise ValueError("not a frame")
    at = _PREFIX.size + size
    header: dict[str, Any] = from_json(body[_PREFIX.size : at])
    for where, name, length in header.pop("parts"):
        fields = header["payload"] if where == "payload" else header["results"][where]
        if length < 0 or at + length > len(body):
            raise ValueError("frame cut short")
        fields[name] = body[at : at + length]
        at += length
    return header


def encode_reply(reply: Reply) -> bytes:
    return reply.model_dump_json().encode()


def decode_reply(body: bytes) -> Reply:
    return Reply.model_validate_json(body)

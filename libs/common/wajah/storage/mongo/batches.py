"""Reads faces out of raw answers of the database: one pass, without a Python object a value.

A face's document, projected to what an index needs, starts with its template; so each part stands at a place that follows
from the lengths before it. Where a server sends the parts in another order, the plain decoder takes over.
"""

import struct
from typing import Any, Final

import bson
import numpy as np

from wajah.storage.ports import SealedBatch

PROJECTION: Final = {
    "_id": False,
    "template": True,
    "user_id": True,
    "user_name": True,
    "masked": True,
    "retained_until": True,
}
FOR_EVER_MS: Final = 2**63 - 1  # a face without a retention

_TEMPLATE: Final = b"\x05template\0"
_USER_ID: Final = b"\x02user_id\0"
_USER_NAME: Final = b"\x02user_name\0"
_MASKED: Final = b"\x08masked\0"
_RETAINED: Final = b"\x12retained_until\0"
_INT64: Final = struct.Struct("<q")
_INT32: Final = struct.Struct("<i")
_BINARY: Final = struct.Struct("<ix")  # length and subtype


class _OtherLayout(Exception):
    pass


def face_batch(raw: bytes) -> SealedBatch:
    """The faces of a sequence of BSON documents."""
    try:
        user_ids, user_names, templates, masked, until_ms = _parts(raw)
    except (_OtherLayout, struct.error):
        documents: list[dict[str, Any]] = bson.decode_all(raw)
        user_ids = [document["user_id"] for document in documents]
        user_names = [document["user_name"] for document in documents]
        templates = [document["template"] for document in documents]
        masked = [document["masked"] for document in documents]
        until_ms = [document["retained_until"] for document in documents]
    ends = np.array(until_ms, np.int64)
    retained_until = np.where(ends == FOR_EVER_MS, np.inf, ends / 1000)
    return SealedBatch(user_ids, user_names, templates, np.array(masked, bool), retained_until)


def _parts(raw: bytes) -> tuple[list[str], list[str], list[bytes], list[bool], list[int]]:
    user_ids: list[str] = []
    user_names: list[str] = []
    templates: list[bytes] = []
    masked: list[bool] = []
    until_ms: list[int] = []
    start = 0
    while start < len(raw):
        at = start + _INT32.size
        if not raw.startswith(_TEMPLATE, at):
            raise _OtherLayout
        at += len(_TEMPLATE)
        (length,) = _BINARY.unpack_from(raw, at)
        at += _BINARY.size
        templates.append(raw[at : at + length])
        user_id, at = _text(raw, at + length, _USER_ID)
        user_name, at = _text(raw, at, _USER_NAME)
        if not raw.startswith(_MASKED, at):
            raise _OtherLayout
        at += len(_MASKED)
        masked.append(raw[at] != 0)
        at += 1
        if not raw.startswith(_RETAINED, at):
            raise _OtherLayout
        at += len(_RETAINED)
        until_ms.append(_INT64.unpack_from(raw, at)[0])
        at += _INT64.size
        user_ids.append(user_id)
        user_names.append(user_name)
        start += _INT32.unpack_from(raw, start)[0]
        if at + 1 != start:
            raise _OtherLayout
    return user_ids, user_names, templates, masked, until_ms


def _text(raw: bytes, at: int, header: bytes) -> tuple[str, int]:
    """A text and where it ends."""
    if not raw.startswith(header, at):
        raise _OtherLayout
    at += len(header)
    (length,) = _INT32.unpack_from(raw, at)
    at += _INT32.size
    return raw[at : at + length - 1].decode(), at + length

"""What the platform holds about one person, a user of a client: told to them, and erased for them."""

import asyncio
import base64
import hashlib
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

from wajah.contracts.errors import Code
from wajah.contracts.types import SHARED_BLACKLIST, GalleryKey
from wajah.storage.blacklist import entry_of
from wajah.storage.ports import FaceRecord, GalleryNotFound, NotRegistered, Store, Transaction, UpstreamCall, UserNotFound
from wajah.storage.recorder import LINGER_S

from standalone.transaction_commands import told

ALL: Final = 1_000_000  # records of one person


async def export(store: Store, client_id: str, user_id: str, *, with_templates: bool) -> dict[str, Any]:
    """Everything that is held. Raises NotRegistered for an unknown client, UserNotFound where nothing is held."""
    faces = [await _face(store, record, with_templates=with_templates) async for record in _faces(store, client_id, user_id)]
    transactions = await store.transactions.find(client_id, user_id=user_id, limit=ALL)
    calls = await store.upstream_calls.of_user(client_id, user_id)
    if not faces and not transactions and not calls:
        raise UserNotFound
    return {
        "client_id": client_id,
        "user_id": user_id,
        "exported_at": datetime.now(UTC).isoformat(),
        "faces": faces,
        "transactions": [told(each) for each in transactions],
        "outside_calls": [_call(each) for each in calls],
    }


async def erase(store: Store, client_id: str, user_id: str) -> dict[str, Any]:
    """Erase the person's faces and calls of outside services, and their id from the records of jobs; the receipt.

    `sha256` is that of the receipt without it, as JSON with sorted keys and no spaces; a record of the erasure has it as its
    `trx_id`. Raises NotRegistered for an unknown client, UserNotFound where nothing is held.
    """
    faces = [record async for record in _faces(store, client_id, user_id)]
    for face in faces:
        await store.faces.delete(face.gallery, face.user_id, uuid.uuid4().hex)
    await asyncio.sleep(2 * LINGER_S)  # a running platform writes the records of jobs that have just ended
    calls = await store.upstream_calls.erase_user(client_id, user_id)
    transactions = await store.transactions.disown(client_id, user_id)
    if not faces and not calls and not transactions:
        raise UserNotFound
    at = datetime.now(UTC)
    receipt: dict[str, Any] = {
        "receipt": uuid.uuid4().hex,
        "client_id": client_id,
        "user_id": user_id,
        "erased_at": at.isoformat(),
        "faces": [_named(face) for face in faces],
        "transactions_without_user": transactions,
        "outside_calls": calls,
    }
    receipt["sha256"] = sha256_of(receipt)
    await store.transactions.add([_record(receipt, at)])
    return receipt


def sha256_of(receipt: dict[str, Any]) -> str:
    """In hex, without its own entry."""
    signed = {name: value for name, value in receipt.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


async def _faces(store: Store, client_id: str, user_id: str) -> AsyncIterator[FaceRecord]:
    """In every gallery of the client, and on the blacklist that clients share."""
    if await store.clients.get(client_id) is None:
        raise NotRegistered
    places = [(GalleryKey(client_id, gallery_id), user_id) for gallery_id in await store.galleries.list(client_id)]
    for gallery, name in [*places, (SHARED_BLACKLIST, entry_of(client_id, user_id))]:
        try:
            records = await store.faces.records(gallery, [name])
        except GalleryNotFound:
            continue
        for record in records:
            yield record


async def _face(store: Store, record: FaceRecord, *, with_templates: bool) -> dict[str, Any]:
    told = _named(record) | {
        "user_name": record.user_name,
        "model_id": record.model_id,
        "masked": record.masked,
        "quality": None if record.quality is None else record.quality.model_dump(),
        "retention_until": None if record.retention_until is None else record.retention_until.isoformat(),
    }
    if with_templates:
        face = await store.faces.get(record.gallery, record.user_id)
        told["template"] = None if face is None else base64.b64encode(face.template.astype("<f4").tobytes()).decode()
    return told


def _named(face: FaceRecord) -> dict[str, Any]:
    return {
        "gallery_id": face.gallery.gallery_id,
        "shared": face.gallery == SHARED_BLACKLIST,
        "enrolled_at": face.enrolled_at.isoformat(),
        "consent_ref": face.consent_ref,
    }


def _call(call: UpstreamCall) -> dict[str, Any]:
    return {
        "stage": call.stage.value,
        "gallery_id": call.gallery.gallery_id,
        "user_name": call.user_name,
        "begun_at": call.begun_at.isoformat(),
        "code": None if call.code is None else call.code.value,
        "answer": call.answer,
        "settlement": call.settlement.value,
    }


def _record(receipt: dict[str, Any], at: datetime) -> Transaction:
    return Transaction(
        job_id=receipt["receipt"],
        job="subject.erase",
        client_id=receipt["client_id"],
        trx_id=receipt["sha256"],
        code=Code.SUCCESS,
        gallery_id=None,
        user_id=None,
        similarity=None,
        model_id=None,
        timings_ms={},
        at=at,
    )

"""What the suites of the store put into it."""

import base64
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from wajah.contracts.errors import Code
from wajah.contracts.quality import Quality
from wajah.contracts.types import GalleryKey
from wajah.security.key_encryption_keys import GivenKeys
from wajah.storage.ports import Client, Face, Quota, Store, Transaction

MODEL = "pack-a"
DIMENSION = 16
KEYS = GivenKeys(f"test:{base64.b64encode(bytes(32)).decode()}")

QUALITY = Quality(face_px=140.5, yaw_deg=-4.5, pitch_deg=3, roll_deg=0, blur=0.413, too_dark=0, too_bright=0.01)

ODD_IDS = [
    "a.b",
    "$where",
    "a/b",
    'it\'s "quoted" ` \\',
    "100%_*?",
    "Siti Nurhaliza binti Tarudin é 李 😀",
    "{'a': 1}",
    " padded ",
    "-1",
    "x" * 120,
    "界" * 120,
]


def now() -> datetime:
    """As precise as every store keeps it."""
    return datetime.now(UTC).replace(microsecond=0)


def job() -> str:
    return secrets.token_hex(16)


async def client_in(
    store: Store, client_id: str | None = None, *, remaining: Mapping[Quota, int | None] | None = None
) -> str:
    """The id of a new client; its quotas are unlimited where nothing else is said."""
    client_id = client_id or f"client-{secrets.token_hex(4)}"
    await store.clients.add(Client(client_id, "hash", {quota: (remaining or {}).get(quota) for quota in Quota}, now()))
    return client_id


async def gallery_in(store: Store, client_id: str | None = None, name: str = "staff") -> GalleryKey:
    gallery = GalleryKey(client_id or await client_in(store), name)
    await store.galleries.create(gallery, job())
    return gallery


def face(
    gallery: GalleryKey, user_id: str, *, user_name: str = "Budi", job_id: str | None = None, model_id: str = MODEL
) -> Face:
    vector = np.random.default_rng().standard_normal(DIMENSION).astype(np.float32)
    return Face(
        gallery=gallery,
        user_id=user_id,
        user_name=user_name,
        model_id=model_id,
        template=vector / np.linalg.norm(vector),
        job_id=job_id or job(),
        enrolled_at=now(),
    )


def transaction(client_id: str, *, at: datetime, job_id: str | None = None, code: Code = Code.SUCCESS) -> Transaction:
    return Transaction(
        job_id=job_id or job(),
        job="verify",
        client_id=client_id,
        trx_id="trx.$1",
        code=code,
        gallery_id="staff",
        user_id="it's",
        similarity=0.875,
        model_id=MODEL,
        timings_ms={"match.verify": 1.5},
        at=at,
        quality=QUALITY,
    )

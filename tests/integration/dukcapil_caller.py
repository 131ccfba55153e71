"""The Dukcapil FR API from an institution's side: accounts, encrypted calls, and the shapes that every answer must have."""

import json
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from wajah.contracts.types import GalleryKey
from wajah.security.passwords import Passwords
from wajah.security.rsa_credentials import encrypt, fingerprint, new_private_key, private_bytes
from wajah.storage.institutions import Institution, InstitutionKey
from wajah.storage.ports import Store

from tests.integration.ingress_server import Platform, add_client
from tests.integration.stages import picture_text

USER_ID = "bank.user"
PASSWORD = "sandi rahasia"
NIK = "3175031234567890"

_SEARCHED = (
    "tid",
    "encounter_id",
    "error",
    "errorCode",
    "finger_data",
    "iris_data",
    "face_data",
    "request_type",
    "maxResults",
    "faceThreshold",
    "fingerThreshold",
    "irisThreshold",
    "response",
)
_VERIFIED = (
    "error",
    "httpResponseCode",
    "matchScore",
    "transactionId",
    "uid",
    "verificationResult",
    "quotaLimiter",
)


@dataclass(frozen=True)
class Caller:
    """An institution with a gallery of its own, and the last of its keys."""

    platform: Platform
    institution: Institution
    key: RSAPrivateKey = field(repr=False)

    @property
    def customer_id(self) -> str:
        return self.institution.customer_id

    def encrypted(self, text: str) -> str:
        return encrypt(self.key.public_key(), text)

    def body(self, person: str | None = "siti", **changes: Any) -> dict[str, Any]:
        """Of a search; a change to None leaves the field out."""
        body: dict[str, Any] = {
            "transactionId": "0211202201",
            "transactionSource": "mobile",
            "threshold": "7",
            "image": picture_text(person),
            "user_id": self.encrypted(USER_ID),
            "password": self.encrypted(PASSWORD),
            "ip": "10.1.2.3",
        }
        return {name: value for name, value in (body | changes).items() if value is not None}

    def verify_body(self, person: str | None = "siti", *, nik: str = NIK, **changes: Any) -> dict[str, Any]:
        more = {
            "nik": self.encrypted(nik),
            "template": "",
            "type": "Face",
            "position": "F",
            "customer_id": self.customer_id,
        }
        return self.body(person, **(more | changes))

    async def post(self, body: Any, segment: str = "CALL_FN", **more: Any) -> httpx.Response:
        path = f"/api/face-recognition/{self.customer_id}/{segment}"
        return await self.platform.http.post(path, json=body, **more)

    async def search(self, person: str | None = "siti", **changes: Any) -> dict[str, Any]:
        return checked(await self.post(self.body(person, **changes)))

    async def verify(self, person: str | None = "siti", **changes: Any) -> dict[str, Any]:
        path = f"/api/face-recognition/dukcapil/{self.customer_id}/CALL_FR"
        return checked(await self.platform.http.post(path, json=self.verify_body(person, **changes)))

    async def enrol(self, nik: str, person: str, **how: Any) -> None:
        body = {
            "user_id": nik,
            "user_name": person,
            "facegallery_id": self.institution.gallery_id,
            "image": picture_text(person, **how),
            "trx_id": "1",
        }
        answer = await self.platform.call(
            "POST", "/face-api/facegallery/enroll-face", body, client_id=self.institution.client_id
        )
        assert answer.json()["status"] == "200", answer.text

    async def with_new_key(self, *, overlap: timedelta = timedelta(days=1)) -> "Caller":
        return replace(self, key=await add_key(self.platform.store, self.institution, overlap=overlap))


async def add_key(store: Store, institution: Institution, *, overlap: timedelta = timedelta(days=1)) -> RSAPrivateKey:
    key, now = new_private_key(), datetime.now(UTC)
    stored = InstitutionKey(
        fingerprint=fingerprint(key.public_key()),
        customer_id=institution.customer_id,
        client_id=institution.client_id,
        private=private_bytes(key),
        created_at=now,
    )
    await store.institution_keys.add(stored, others_end_at=now + overlap)
    return key


async def new_caller(platform: Platform, *, daily_quota: int = 1000, networks: tuple[str, ...] = ("127.0.0.1",)) -> Caller:
    """With a client of its own: what other tests enrolled it can't see."""
    client_id = f"client {uuid.uuid4().hex}"
    await add_client(platform.store, client_id)
    await platform.store.galleries.create(GalleryKey(client_id, "citizens"), uuid.uuid4().hex)
    institution = Institution(
        customer_id=uuid.uuid4().hex,
        client_id=client_id,
        gallery_id="citizens",
        user_id=USER_ID,
        password_hash=await Passwords().hash(PASSWORD),
        networks=networks,
        daily_quota=daily_quota,
        created_at=datetime.now(UTC),
    )
    await platform.store.institutions.add(institution)
    return Caller(platform, institution, await add_key(platform.store, institution))


def checked(answer: httpx.Response) -> dict[str, Any]:
    """The body, in one of the two shapes: HTTP 200, every field in the document's order and of its type."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    told: dict[str, Any] = answer.json()
    if isinstance(told["error"], str):
        _check_searched(told)
    else:
        _check_verified(told)
    return told


def code_of(told: dict[str, Any]) -> int:
    return int(told["errorCode"]) if isinstance(told["error"], str) else int(told["error"]["errorCode"])


def found_in(told: dict[str, Any]) -> dict[str, float]:
    """The scores of a search's candidates, in order."""
    faces = json.loads(told["response"])
    assert list(faces) == ["face"]
    assert list(faces["face"]) == ["FACE_T5"]
    scores: dict[str, float] = faces["face"]["FACE_T5"]
    return scores


def _check_searched(told: dict[str, Any]) -> None:
    assert isinstance(told["errorCode"], str)
    assert list(told) == [name for name in _SEARCHED if name != "response" or told["errorCode"] != "5004"]
    assert all(told[name] is None for name in ("encounter_id", "finger_data", "iris_data", "face_data"))
    assert told["request_type"] == "Identification"
    assert (told["maxResults"], told["fingerThreshold"], told["irisThreshold"]) == (10, 0, 0)
    assert isinstance(told["faceThreshold"], str)
    if "response" in told:
        found_in(told)


def _check_verified(told: dict[str, Any]) -> None:
    assert list(told) == list(_VERIFIED)
    assert list(told["error"]) == ["errorCode", "errorMessage"]
    assert isinstance(told["error"]["errorCode"], int)
    assert all(isinstance(told[name], str) for name in _VERIFIED[1:])
    assert told["httpResponseCode"] == "200"

"""What the commands do with institutions: those that the Dukcapil FR API is served to."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.types import GalleryKey, Identifier, first_gallery
from wajah.security.passwords import Passwords
from wajah.security.rsa_credentials import (
    KEY_BITS,
    PADDING_BYTES,
    fingerprint,
    load_private_bytes,
    new_private_key,
    private_bytes,
    public_pem,
)
from wajah.storage.encrypted_store import EncryptedStore
from wajah.storage.institutions import Institution, InstitutionKey, InstitutionNotFound
from wajah.storage.ports import GalleryNotFound

MAX_CREDENTIAL_BYTES: Final = KEY_BITS // 8 - PADDING_BYTES

_IDENTIFIER: Final[TypeAdapter[str]] = TypeAdapter(Identifier)


@dataclass(frozen=True, slots=True)
class Asked:
    """An institution as the operator asks for it; without a gallery it searches its client's first."""

    customer_id: str
    client_id: str
    user_id: str
    networks: Sequence[str]
    daily_quota: int
    gallery_id: str | None = None


async def add(store: EncryptedStore, asked: Asked, password: str | None) -> dict[str, Any]:
    """Its account, with the public key to hand over, and the password where it was made here. Raises KeysUnfit, and
    WajahError where something does not fit."""
    store.require_keys()
    given = password or secrets.token_urlsafe(24)
    for name, text in (("customer id", asked.customer_id), ("user id", asked.user_id), ("password", given)):
        _check_text(name, text)
    gallery = GalleryKey(asked.client_id, asked.gallery_id or first_gallery(asked.client_id))
    if asked.gallery_id is not None and gallery.gallery_id not in await store.galleries.list(gallery.client_id):
        raise GalleryNotFound
    institution = Institution(
        customer_id=asked.customer_id,
        client_id=gallery.client_id,
        gallery_id=gallery.gallery_id,
        user_id=asked.user_id,
        password_hash=await Passwords().hash(given),
        networks=networks_of(asked.networks),
        daily_quota=asked.daily_quota,
        created_at=datetime.now(UTC),
    )
    await store.institutions.add(institution)
    key = await _new_key(store, institution, timedelta(0))
    shown = {**_shown(institution), "public_key": key["pem"], "fingerprint": key["fingerprint"]}
    return shown if password else {**shown, "password": given}


async def public_key(store: EncryptedStore, customer_id: str) -> str:
    """The newest key's PEM. Raises WajahError, and KeysUnfit."""
    store.require_keys()
    await _found(store, customer_id)
    keys = await store.institution_keys.list(customer_id)
    if not keys:
        raise WajahError(Code.MALFORMED, "the institution has no key that opens: make one with --rotate")
    return public_pem(load_private_bytes(keys[0].private).public_key())


async def rotate(store: EncryptedStore, customer_id: str, overlap: timedelta) -> str:
    """A new key's PEM; those of before end after the overlap. Raises WajahError, and KeysUnfit."""
    store.require_keys()
    return (await _new_key(store, await _found(store, customer_id), overlap))["pem"]


async def change_password(store: EncryptedStore, customer_id: str, password: str | None) -> dict[str, Any]:
    """Raises WajahError."""
    given = password or secrets.token_urlsafe(24)
    _check_text("password", given)
    await store.institutions.change(customer_id, password_hash=await Passwords().hash(given))
    return {"customer_id": customer_id} if password else {"customer_id": customer_id, "password": given}


async def listed(store: EncryptedStore) -> list[dict[str, Any]]:
    """Raises KeysUnfit."""
    store.require_keys()
    return [
        {**_shown(each), "keys": [_shown_key(key) for key in await store.institution_keys.list(each.customer_id)]}
        for each in await store.institutions.list()
    ]


def networks_of(texts: Sequence[str]) -> tuple[str, ...]:
    """In CIDR, each once. Raises WajahError."""
    try:
        return tuple(dict.fromkeys(str(ip_network(text)) for text in texts))
    except ValueError:
        raise WajahError(Code.MALFORMED, "not an address, nor a network in CIDR whose host bits are 0") from None


async def _found(store: EncryptedStore, customer_id: str) -> Institution:
    """Also one whose client deregistered. Raises InstitutionNotFound."""
    for each in await store.institutions.list():
        if each.customer_id == customer_id:
            return each
    raise InstitutionNotFound


async def _new_key(store: EncryptedStore, institution: Institution, overlap: timedelta) -> dict[str, str]:
    private, now = await asyncio.to_thread(new_private_key), datetime.now(UTC)
    key = InstitutionKey(
        fingerprint=fingerprint(private.public_key()),
        customer_id=institution.customer_id,
        client_id=institution.client_id,
        private=private_bytes(private),
        created_at=now,
    )
    await store.institution_keys.add(key, others_end_at=now + overlap)
    return {"pem": public_pem(private.public_key()), "fingerprint": key.fingerprint}


def _check_text(name: str, text: str) -> None:
    try:
        _IDENTIFIER.validate_python(text)
        fits = len(text.encode()) <= MAX_CREDENTIAL_BYTES
    except (ValidationError, UnicodeEncodeError):
        fits = False
    if not fits:
        raise WajahError(
            Code.MALFORMED, f"a {name} is 1 to 120 printable characters, and at most {MAX_CREDENTIAL_BYTES} bytes"
        )


def _shown(institution: Institution) -> dict[str, Any]:
    return {
        "customer_id": institution.customer_id,
        "client_id": institution.client_id,
        "gallery_id": institution.gallery_id,
        "user_id": institution.user_id,
        "networks": list(institution.networks),
        "daily_quota": institution.daily_quota,
        "created_at": institution.created_at.isoformat(timespec="seconds"),
    }


def _shown_key(key: InstitutionKey) -> dict[str, str | None]:
    ends_at = None if key.ends_at is None else key.ends_at.isoformat(timespec="seconds")
    return {
        "fingerprint": key.fingerprint,
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "ends_at": ends_at,
    }

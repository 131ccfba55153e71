"""Who is calling: HTTP Basic and an API key, both of one client."""

import binascii
from base64 import b64decode
from typing import Final, NamedTuple

from starlette.requests import Request
from wajah.contracts.errors import Code, WajahError
from wajah.security.passwords import Passwords
from wajah.security.tokens import sha256_of
from wajah.storage.ports import Api, Store

from ingress.admission import Lane
from ingress.keys import HEADER
from ingress.record import record_of
from ingress.settings import IngressSettings

SCHEME: Final = "basic"
NO_HITS: Final = 0
HITS_PER_CALL: Final = 1


class Given(NamedTuple):
    username: str
    password: str
    key: str


class Callers:
    """Refuses in one way whatever is wrong. A call counts as one API hit when everything is right, whatever comes of it."""

    def __init__(self, store: Store, passwords: Passwords, settings: IngressSettings) -> None:
        self._store = store
        self._passwords = passwords
        self._lane = Lane(max_in_flight=settings.max_sign_ins, max_wait_s=settings.max_wait_s)

    async def client_of(self, request: Request) -> str:
        """Raises WajahError 401, 503 where too many passwords are being checked, NotRegistered, QuotaUsedUp."""
        given = _given(request)
        sha256 = sha256_of(given.key)
        key = await self._store.api_keys.authorise(sha256, Api.IDENTITY, hits=NO_HITS)
        client = await self._store.clients.get(key.client_id)
        known = client is not None and given.username == key.client_id
        with self._lane.job():
            if not await self._passwords.verify(client.password_hash if client and known else None, given.password):
                raise WajahError(Code.UNAUTHORIZED)
        await self._store.api_keys.authorise(sha256, Api.IDENTITY, hits=HITS_PER_CALL)
        record_of(request).client_id = key.client_id
        return key.client_id


def _given(request: Request) -> Given:
    """Raises WajahError 401 where one of the three is missing."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    key = request.headers.get(HEADER, "").strip()
    try:
        username, colon, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise WajahError(Code.UNAUTHORIZED) from None
    if scheme.lower() != SCHEME or not colon or not key:
        raise WajahError(Code.UNAUTHORIZED)
    return Given(username, password, key)

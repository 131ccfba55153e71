"""Who is calling with an API key: the `x-api-key` header, checked and counted in one step."""

from typing import Final

from starlette.requests import Request
from wajah.contracts.errors import Code, WajahError
from wajah.security.tokens import sha256_of
from wajah.storage.ports import Api, ApiKey, ApiKeys

from ingress.record import record_of

HEADER: Final = "x-api-key"
HITS_PER_CALL: Final = 1


class KeyAuthenticator:
    """For the keys to one API. Every call with a valid key counts as one API hit, whatever comes of it."""

    def __init__(self, api_keys: ApiKeys, api: Api) -> None:
        self._api_keys = api_keys
        self._api = api

    async def key_of(self, request: Request) -> ApiKey:
        """The caller's key. Raises WajahError 401, NotRegistered, and QuotaUsedUp where the client's hits are used up."""
        text = request.headers.get(HEADER, "").strip()
        if not text:
            raise WajahError(Code.UNAUTHORIZED)
        key = await self._api_keys.authorise(sha256_of(text), self._api, hits=HITS_PER_CALL)
        record_of(request).client_id = key.client_id
        return key

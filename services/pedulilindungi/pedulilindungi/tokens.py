"""The access token that PeduliLindungi asks for: given, or got with client credentials and renewed when it expires."""

import asyncio

from pedulilindungi.answers import TokenAnswer, json_of, validated
from pedulilindungi.faults import TokenExpired
from pedulilindungi.settings import PeduliLindungiSettings
from pedulilindungi.transport import Transport


class Tokens:
    """All raise what `Transport.post` raises, and WajahError 608 to 611."""

    def __init__(self, settings: PeduliLindungiSettings, transport: Transport) -> None:
        self._transport = transport
        self._path = settings.pl_token_path
        self._client_id = settings.pl_client_id
        self._secret = settings.pl_client_secret
        self._token = settings.pl_token.get_secret_value()
        self._renewing = asyncio.Lock()

    async def current(self) -> str:
        """The token in use; empty where there are no credentials."""
        return self._token if self._token or not self._client_id else await self.instead_of("")

    async def instead_of(self, expired: str) -> str:
        """Another one; callers who find the same token expired share its successor."""
        if not self._client_id:
            raise TokenExpired
        async with self._renewing:
            if self._token == expired:
                self._token = await self._granted()
            return self._token

    async def _granted(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret.get_secret_value(),
        }
        received = await self._transport.post(self._path, form=form)
        if received.status in {400, 401, 403}:
            raise TokenExpired
        return validated(json_of(received), TokenAnswer).access_token

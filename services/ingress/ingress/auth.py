"""Who is calling: the `Accesstoken` header, checked and counted in one step."""

from typing import Final

from starlette.requests import Request
from wajah.contracts.errors import Code, WajahError
from wajah.security.tokens import sha256_of
from wajah.storage.ports import Clients

from ingress.record import record_of

HEADER: Final = "Accesstoken"


class Authenticator:
    """A call with a valid token counts, whatever comes of it; what was refused at the door does not."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def client_of(self, request: Request, *, hits: int, deregistered: bool) -> str:
        """The calling client's id, for so many hits. Raises WajahError 401, and 403 where its hits are used up, and unless
        `deregistered` clients may call for one that is."""
        token = request.headers.get(HEADER, "").strip()
        if not token:
            raise WajahError(Code.UNAUTHORIZED)
        client = await self._clients.authorise(sha256_of(token), hits=hits, deregistered=deregistered)
        record_of(request).client_id = client.client_id
        return client.client_id

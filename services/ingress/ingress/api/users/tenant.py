"""What the holder of a key can do: each call becomes jobs of the platform, the same that the Face API asks for."""

import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from wajah.contracts.envelope import Reply
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import CreateGallery, DeleteFace, Enrol, GalleryPayload, Search
from wajah.contracts.results import Candidate, Searched
from wajah.contracts.types import SHARED_BLACKLIST
from wajah.storage.ports import Client, ClientExists, Clients, Quota

from ingress.api.users.answers import Match, SearchAnswer
from ingress.api.users.bodies import DEFAULT_THRESHOLD
from ingress.api.users.lists import FaceList, SharedBlacklist, whitelist_of
from ingress.api.users.problem import Problem
from ingress.gate import Gate
from ingress.settings import IngressSettings

MAX_MATCHES: Final = 10
LISTED: Final = DEFAULT_THRESHOLD / 100  # the similarity at which a face counts as that of a list
BLACKLISTED: Final = "provided face is blacklisted"
NOT_WHITELISTED: Final = "provided face is not in the whitelist"

_NO_PASSWORD: Final = "!"  # noqa: S105 - no hash at all: nothing verifies against it


@dataclass(frozen=True, slots=True)
class Platform:
    """What all tenants share."""

    gate: Gate
    clients: Clients
    settings: IngressSettings


class Tenant:
    """For one call: its jobs share one deadline. Every method raises Problem and WajahError."""

    def __init__(self, client_id: str, platform: Platform) -> None:
        self._client_id = client_id
        self._platform = platform
        self._deadline = time.monotonic() + platform.settings.deadline_s

    async def enrol(self, listed: FaceList, user_id: str, image: bytes) -> None:
        """The image's only face. A list that doesn't exist yet is created when it has its first good face."""
        blacklist = SharedBlacklist(self._client_id)
        refusing = self._platform.settings.users_refuse_blacklisted and listed.gallery != blacklist.gallery
        if refusing and await self._found(blacklist, image, LISTED, limit=1):
            raise Problem(400, BLACKLISTED)
        gallery_id, entry = listed.gallery.gallery_id, listed.entry(user_id)
        enrolment = Enrol(gallery_id=gallery_id, user_id=entry, user_name=user_id, single_face=True, image=image)
        try:
            await self._run(listed, enrolment)
        except WajahError as error:
            if error.code is not Code.GALLERY_NOT_FOUND:
                raise
            await self._create(listed)
            await self._run(listed, enrolment)

    async def search(self, listed: FaceList, image: bytes, threshold: float) -> SearchAnswer:
        """At most ten faces, best first. Raises Problem 404 where there is none."""
        whitelist = whitelist_of(self._client_id)
        restricted = self._client_id in self._platform.settings.users_whitelist_only
        if restricted and listed.gallery != whitelist.gallery and not await self._found(whitelist, image, LISTED, limit=1):
            raise Problem(403, NOT_WHITELISTED)
        found = await self._found(listed, image, threshold, limit=MAX_MATCHES)
        if not found:
            raise Problem(404)
        return SearchAnswer(matches=tuple(Match.of(each, listed) for each in found))

    async def unenrol(self, listed: FaceList, user_id: str) -> None:
        await self._run(listed, DeleteFace(gallery_id=listed.gallery.gallery_id, user_id=listed.entry(user_id)))

    async def _found(self, listed: FaceList, image: bytes, threshold: float, *, limit: int) -> tuple[Candidate, ...]:
        """None in a list that doesn't exist yet."""
        search = Search(gallery_id=listed.gallery.gallery_id, image=image, limit=limit, threshold=threshold)
        try:
            return (await self._run(listed, search)).result(Searched).candidates
        except WajahError as error:
            if error.code is not Code.GALLERY_NOT_FOUND:
                raise
            return ()

    async def _create(self, listed: FaceList) -> None:
        if listed.gallery == SHARED_BLACKLIST:
            await self._add_owner_of_blacklist()
        try:
            await self._run(listed, CreateGallery(gallery_id=listed.gallery.gallery_id))
        except WajahError as error:
            if error.code is not Code.GALLERY_EXISTS:  # another call was faster
                raise

    async def _add_owner_of_blacklist(self) -> None:
        """A client without a password, a token, or a limit."""
        owner = Client(SHARED_BLACKLIST.client_id, _NO_PASSWORD, dict.fromkeys(Quota), datetime.now(UTC))
        with contextlib.suppress(ClientExists):
            await self._platform.clients.add(owner)

    async def _run(self, listed: FaceList, payload: GalleryPayload) -> Reply:
        """In the name of the gallery's owner; where that is not the tenant, the job's label says who it is."""
        owner = listed.gallery.client_id
        reply = await self._platform.gate.run(
            payload,
            client_id=owner,
            trx_id=None if owner == self._client_id else self._client_id,
            deadline_s=self._deadline - time.monotonic(),
        )
        if reply.error is not None:
            raise WajahError.from_data(reply.error)
        return reply

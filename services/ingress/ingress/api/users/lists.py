"""The lists of faces that a key reaches, each a gallery, and under which names its users stand there."""

import hashlib
from typing import Final, Protocol

from wajah.contracts.results import Candidate
from wajah.contracts.types import SHARED_BLACKLIST, GalleryKey
from wajah.storage.blacklist import entry_of
from wajah.storage.ports import ApiKey

from ingress.api.users.address import ListName

WHITELIST: Final = "whitelist"
"""The gallery of a client's whitelist."""


class FaceList(Protocol):
    """A gallery, in which every face that was enrolled here has its userId for a name."""

    @property
    def gallery(self) -> GalleryKey: ...

    def entry(self, user_id: str) -> str:
        """Under which id a user of this tenant stands in the gallery."""
        ...

    def user_id(self, found: Candidate) -> str | None:
        """Whom the tenant knows it as; None for another tenant's."""
        ...


class OwnList:
    """A gallery of the tenant's own. The Face API may know the same one: ids are the same there."""

    def __init__(self, gallery: GalleryKey) -> None:
        self.gallery = gallery

    def entry(self, user_id: str) -> str:
        """The id itself; of one that the platform doesn't take for an id (an emoji's joiner, a no-break space), a digest."""
        return user_id if user_id.isprintable() else hashlib.sha256(user_id.encode()).hexdigest()

    def user_id(self, found: Candidate) -> str:
        return found.user_name if found.user_id == self.entry(found.user_name) else found.user_id


class SharedBlacklist:
    """The gallery of all tenants: ids are digests of tenant and userId, so that two tenants may use the same userId, and
    neither can name, or remove, what the other enrolled."""

    gallery: Final = SHARED_BLACKLIST

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant

    def entry(self, user_id: str) -> str:
        return entry_of(self._tenant, user_id)

    def user_id(self, found: Candidate) -> str | None:
        return found.user_name if found.user_id == self.entry(found.user_name) else None


def whitelist_of(tenant: str) -> FaceList:
    return OwnList(GalleryKey(tenant, WHITELIST))


def list_of(key: ApiKey, name: ListName) -> FaceList:
    """The list that a path means to the holder of a key."""
    match name:
        case ListName.COLLECTION:
            return OwnList(GalleryKey(key.client_id, key.collection))
        case ListName.BLACKLIST:
            return SharedBlacklist(key.client_id)
        case ListName.WHITELIST:
            return whitelist_of(key.client_id)

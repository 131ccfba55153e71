"""What services need of a database. Two implementations: `sqlite` and `mongo`; one test-suite holds both to this text.

Every method ends within `TIMEOUT_S` or raises StoreUnavailable. A write that returned is durable. Every write may be
repeated by the same job with the same outcome, for `REMEMBERED_S`. Times are kept to the millisecond.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from wajah.contracts.errors import Code
from wajah.contracts.models import FaceModel
from wajah.contracts.stages import Stage
from wajah.contracts.types import GalleryKey
from wajah.security.template_encryption import WrappedKey
from wajah.storage.civilians import Civilians
from wajah.storage.held import (
    Api,
    ApiKey,
    Changes,
    Client,
    ExpiredFace,
    Face,
    FaceBatch,
    FaceRecord,
    Quota,
    SealedBatch,
    SealedFace,
    Settlement,
    Templates,
    Transaction,
    UpstreamCall,
)
from wajah.storage.institutions import InstitutionKeys, Institutions
from wajah.storage.refusals import (
    ClientExists,
    GalleryExists,
    GalleryNotFound,
    NotRegistered,
    QuotaUsedUp,
    StoreUnavailable,
    UserExists,
    UserNotFound,
)

__all__ = [
    "CHANGES_KEPT",
    "REMEMBERED_S",
    "TIMEOUT_S",
    "TOKENS_KEPT",
    "Api",
    "ApiKey",
    "ApiKeys",
    "BareFaces",
    "Changes",
    "Client",
    "ClientExists",
    "Clients",
    "DataKeys",
    "ExpiredFace",
    "Face",
    "FaceBatch",
    "FaceList",
    "FaceRecord",
    "Faces",
    "Galleries",
    "GalleryExists",
    "GalleryNotFound",
    "Models",
    "NotRegistered",
    "Quota",
    "QuotaUsedUp",
    "Registrations",
    "SealedBatch",
    "SealedFace",
    "SealedFaces",
    "SealedStore",
    "Settlement",
    "Store",
    "StoreUnavailable",
    "Tables",
    "Templates",
    "Tokens",
    "Transaction",
    "Transactions",
    "UpstreamCall",
    "UpstreamCalls",
    "UserExists",
    "UserNotFound",
]

TIMEOUT_S: Final = 5.0  # half of the shortest deadline: leaves time to answer
CHANGES_KEPT: Final = 512  # per gallery; who is further behind reloads. Bulk enrolment makes 100 while a view follows once
TOKENS_KEPT: Final = 1000  # per client; the next one ends the life of the one that expires first
REMEMBERED_S: Final = 86_400  # a job's first answer; queues redeliver within minutes


class Clients(Protocol):
    async def add(self, client: Client) -> None:
        """Raises ClientExists."""

    async def get(self, client_id: str) -> Client | None: ...

    async def list(self) -> list[Client]:
        """In order of their ids."""

    async def authorise(self, token_sha256: bytes, *, hits: int, deregistered: bool = False) -> Client:
        """Check a token and take `hits` of its client's quota, in one atomic update: of racing callers exactly as many pass
        as there were hits.

        Raises WajahError 401 for an unknown, expired or revoked token, NotRegistered unless `deregistered` clients may call,
        QuotaUsedUp when fewer hits are left.
        """

    async def limit(self, client_id: str, limits: Mapping[Quota, int | None]) -> None:
        """Set some of its limits: hits from now on; faces and galleries in all, those that it has included. None is
        unlimited. Raises NotRegistered for an unknown client."""

    async def holdings(self, client_id: str) -> dict[Quota, int]:
        """How many faces and galleries it has."""


class Registrations(Protocol):
    """Which clients deregistered, and their erasure."""

    async def register(self, client_id: str) -> None:
        """Undo a deregistration. Raises NotRegistered for an unknown client, and once its erasure has begun."""

    async def deregister(self, client_id: str, at: datetime) -> None:
        """Repeated, the first moment counts. Raises NotRegistered for an unknown client."""

    async def due(self, before: datetime) -> list[str]:
        """Clients that deregistered before that moment, and those whose erasure was begun and has not ended."""

    async def erase(self, client_id: str, *, before: datetime | None = None) -> bool:
        """Erase the account with its tokens, galleries, faces and keys; with `before`, only if it deregistered earlier.

        Its tokens end first, and from then on nothing brings it back. It takes as long as there are faces, in steps of
        which each ends in time; ended early it is `due` until somebody goes on, and several may do so at once. False
        where there is nothing to erase.
        """


class Tokens(Protocol):
    async def add(self, client_id: str, token_sha256: bytes, expires_at: datetime | None) -> None:
        """None never expires. A client holds `TOKENS_KEPT` tokens at most."""

    async def revoke(self, client_id: str, token_sha256: bytes) -> bool:
        """False when the client has no such token."""


class ApiKeys(Protocol):
    async def add(self, key: ApiKey, key_sha256: bytes) -> None:
        """Raises NotRegistered for an unknown client."""

    async def list(self, client_id: str) -> list[ApiKey]:
        """Oldest first."""

    async def revoke(self, client_id: str, prefix: str) -> bool:
        """The key is refused from the next call on. False when the client has no such key."""

    async def authorise(self, key_sha256: bytes, api: Api, *, hits: int) -> ApiKey:
        """Check a key and take `hits` of its client's quota, like `Clients.authorise`.

        Raises WajahError 401 for a key that is unknown, revoked or another API's, NotRegistered, QuotaUsedUp.
        """


class Galleries(Protocol):
    """A gallery takes one of its client's GALLERIES while it exists, exactly one, whatever crashes or is repeated."""

    async def create(self, gallery: GalleryKey, job_id: str) -> bool:
        """True when created now, False when this same job created it before.

        Raises GalleryExists, NotRegistered for an unknown client, QuotaUsedUp where it is one too many.
        """

    async def list(self, client_id: str) -> list[str]:
        """Oldest first."""

    async def delete(self, gallery: GalleryKey, job_id: str) -> int:
        """Erase it with all its faces, how many is returned; the same job may ask again. Raises GalleryNotFound."""

    async def sequence(self, gallery: GalleryKey) -> int:
        """Rises with every change of the gallery's faces, and never starts again, not even for a re-created gallery.
        Raises GalleryNotFound."""

    async def changes(self, gallery: GalleryKey, since: int) -> Changes:
        """Raises GalleryNotFound."""


class FaceList(Protocol):
    """Enrolled faces, whatever form their templates have.

    Every change raises its gallery's sequence after it is durable and before the call returns. A face takes one of its
    client's FACES while it exists, exactly one, whatever crashes or is repeated.
    """

    async def expired(self, at: datetime, *, limit: int = 500) -> list[ExpiredFace]:
        """Some of the faces whose retention has ended, in any gallery."""

    async def list(self, gallery: GalleryKey) -> list[tuple[str, str]]:
        """(user_id, user_name), in order of enrolment. Raises GalleryNotFound."""

    async def delete(self, gallery: GalleryKey, user_id: str, job_id: str, *, enrolled_by: str | None = None) -> None:
        """With `enrolled_by`, only what that job enrolled: a later enrolment is not found. The same job may ask again.
        Raises GalleryNotFound, UserNotFound."""


class Faces(FaceList, Protocol):
    """What services see: bare templates. They are encrypted below, with a key a client.

    A template that does not open is logged, and missing from what `get`, `get_many` and `load` return. So are faces whose
    retention has ended: they are not `enrolled`, and in nobody's way. All raise StoreUnavailable where the encryption keys
    can't be used.
    """

    async def enrol(self, face: Face, *, replace: bool) -> bool:
        """Write a face; True when it replaced another.

        Raises GalleryNotFound, UserExists unless `replace`, QuotaUsedUp where a new face is one too many. A job that
        already enrolled this face gets its first answer again.
        """

    async def enrolled(self, gallery: GalleryKey, user_id: str) -> bool:
        """Whether there is such a face; it needs no encryption keys."""

    async def records(self, gallery: GalleryKey, user_ids: Sequence[str]) -> Sequence[FaceRecord]:
        """All but the templates, of expired faces and of those that do not open too; it needs no encryption keys."""

    async def get(self, gallery: GalleryKey, user_id: str) -> Face | None: ...

    async def get_many(self, gallery: GalleryKey, user_ids: Sequence[str]) -> list[Face]: ...

    def load(self, gallery: GalleryKey, model_id: str) -> AsyncIterator[FaceBatch]:
        """All faces of a model in a gallery, in batches of some thousands, without one Python object a value."""


class SealedFaces(FaceList, Protocol):
    """What a database sees: templates are bytes that say nothing to it. Its methods are those of `Faces` otherwise."""

    async def enrol(self, face: SealedFace, *, replace: bool) -> bool: ...

    async def get_many(self, gallery: GalleryKey, user_ids: Sequence[str]) -> list[SealedFace]: ...

    def load(self, gallery: GalleryKey, model_id: str) -> AsyncIterator[SealedBatch]: ...


class BareFaces(Protocol):
    """Faces that were written before templates were encrypted."""

    async def some(self, *, limit: int = 1000) -> list[SealedFace]: ...

    async def reseal(self, faces: Sequence[tuple[SealedFace, bytes]]) -> None:
        """Put another form of the same template in place of each that is still the one that was read. What it replaces is
        nowhere in the database's files afterwards."""


class DataKeys(Protocol):
    """The clients' data keys, encrypted. A client that is erased loses its own for ever."""

    async def get(self, client_id: str) -> WrappedKey | None: ...

    async def add(self, key: WrappedKey) -> WrappedKey:
        """The key that the client has now: this one, or the one it had."""

    async def list(self) -> list[WrappedKey]: ...

    async def replace(self, before: WrappedKey, after: WrappedKey) -> bool:
        """False where it is not, or no longer, the one `before`."""


class Transactions(Protocol):
    async def add(self, transactions: Sequence[Transaction]) -> None:
        """A record that is there already is left as it is."""

    async def find(
        self,
        client_id: str | None = None,
        *,
        trx_id: str | None = None,
        user_id: str | None = None,
        code: Code | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Transaction]:
        """Those that are all of what is asked, newest first; from `since` on, and before `until`."""

    async def forget(self, before: datetime) -> int:
        """Erase what is older, in steps of which each ends in time; how many."""

    async def disown(self, client_id: str, user_id: str) -> int:
        """Take a user's id out of the client's records, how many; that there was a job remains."""


class Models(Protocol):
    async def register(self, model: FaceModel) -> None: ...

    async def get(self, model_id: str) -> FaceModel | None: ...


class UpstreamCalls(Protocol):
    """So that a job which comes back never asks an outside service twice, and no acceptance is forgotten."""

    async def begin(self, call: UpstreamCall) -> UpstreamCall | None:
        """Note that a call is about to be made. One that this job and stage began before is returned, and left as it is."""

    async def end(self, job_id: str, stage: Stage, code: Code, message: str, answer: dict[str, Any] | None) -> None:
        """Note its outcome. Nothing happens where it was never begun."""

    async def get(self, job_id: str, stage: Stage) -> UpstreamCall | None: ...

    async def accepted(self, gallery: GalleryKey, user_id: str, stage: Stage) -> UpstreamCall | None:
        """The latest call that succeeded and whose caller was never told so: open, or reconciled."""

    async def finish(self, job_id: str, gallery: GalleryKey, user_id: str, stage: Stage) -> None:
        """Our own write of this job is done: its call is finished, and those of earlier jobs for the user are superseded."""

    async def settle(self, job_id: str, stage: Stage, settlement: Settlement) -> None:
        """Nothing happens to a call that is not open."""

    async def overdue(self, stage: Stage, before: datetime, *, limit: int = 100) -> list[UpstreamCall]:
        """Calls that succeeded, began before then, and are still open; oldest first."""

    async def forget(self, before: datetime) -> int:
        """Erase calls that began before then, but for successful ones that are open; how many is returned."""

    async def of_user(self, client_id: str, user_id: str) -> list[UpstreamCall]:
        """Oldest first."""

    async def erase_user(self, client_id: str, user_id: str) -> int:
        """Erase a user's calls, open ones too; how many."""


class Tables(Protocol):
    """What a database has beside the faces. `ready` asks it a question."""

    clients: Clients
    registrations: Registrations
    tokens: Tokens
    api_keys: ApiKeys
    institutions: Institutions
    institution_keys: InstitutionKeys
    galleries: Galleries
    transactions: Transactions
    models: Models
    upstream_calls: UpstreamCalls
    civilians: Civilians

    async def start(self) -> None:
        """Connect, waiting for a database that is still starting, and create what is missing."""

    async def stop(self) -> None: ...

    async def ready(self) -> bool: ...


class Store(Tables, Protocol):
    """A database, as services see it."""

    faces: Faces


class SealedStore(Tables, Protocol):
    """A database as it is below the encryption of templates."""

    faces: SealedFaces
    data_keys: DataKeys
    bare_faces: BareFaces | None
    """None where there never were any."""

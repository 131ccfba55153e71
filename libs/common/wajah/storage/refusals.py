"""What a store refuses, and how it says so."""

from wajah.contracts.errors import Code, WajahError
from wajah.storage.held import Quota


class StoreUnavailable(WajahError):
    """The database can't be reached, or did not answer in time."""

    def __init__(self) -> None:
        super().__init__(Code.BUSY, retry_after_s=1.0)


class ClientExists(WajahError):
    def __init__(self) -> None:
        super().__init__(Code.MALFORMED, "client already exists")


class GalleryExists(WajahError):
    def __init__(self) -> None:
        super().__init__(Code.GALLERY_EXISTS)


class GalleryNotFound(WajahError):
    def __init__(self) -> None:
        super().__init__(Code.GALLERY_NOT_FOUND)


class UserExists(WajahError):
    """The text is part of the wire contract."""

    def __init__(self) -> None:
        super().__init__(Code.MALFORMED, "Database Error - UserID Already Exists")


class UserNotFound(WajahError):
    def __init__(self) -> None:
        super().__init__(Code.USER_NOT_FOUND)


class QuotaUsedUp(WajahError):
    """Says which limit was reached."""

    def __init__(self, quota: Quota) -> None:
        super().__init__(Code.DENIED, f"Requested resource denied: {quota.value} used up")


class NotRegistered(WajahError):
    """The client deregistered, or there is none."""

    def __init__(self) -> None:
        super().__init__(Code.DENIED, "Requested resource denied: client not registered")

"""Who is calling: credentials that RSA decrypts, checked so that no answer and no time tells what was wrong with them.

Whatever comes in, each of the institution's keys decrypts both fields, and one password is checked. Somebody who may ask as
often as they like could otherwise decrypt what they have recorded on the way (Bleichenbacher, 1998).
"""

import asyncio
import hmac
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple, ParamSpec, TypeVar

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from wajah.security.passwords import Passwords
from wajah.security.rsa_credentials import decrypt, load_private_bytes, new_private_key, private_bytes
from wajah.storage.institutions import Institution
from wajah.storage.ports import Store

from ingress.api.dukcapil.outcomes import Outcome, Refusal

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 1  # some 0.7 ms a call; the check of the password takes 40 times as long

_NIK: Final = re.compile("[0-9]{16}")


@dataclass(frozen=True, slots=True)
class Account:
    """A caller who knew the password, and the key that they encrypted with."""

    institution: Institution
    key: RSAPrivateKey = field(repr=False)


class _Opened(NamedTuple):
    """What came out of both fields with one of the keys."""

    key: RSAPrivateKey
    user_id: str | None
    password: str | None


class Accounts:
    """`distinct` tells what was wrong (5001, 5006, 9002), as the document does; else it is always 5001."""

    def __init__(self, store: Store, passwords: Passwords, *, distinct: bool) -> None:
        self._store = store
        self._passwords = passwords
        self._distinct = distinct
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rsa")
        self._nobodys: bytes | None = None

    async def check(self, customer_id: str, user_id: str, password: str) -> Account:
        """Raises Refusal, and StoreUnavailable."""
        institution = await self._store.institutions.get(customer_id)
        keys = await self._keys_of(customer_id)
        opened = await self._run(_open_all, keys, (user_id, password))
        named = institution.user_id if institution is not None else ""
        known = [each for each in opened if hmac.compare_digest((each.user_id or "").encode(), named.encode())]
        chosen = (known or opened)[0]
        password_hash = institution.password_hash if institution is not None and known else None
        verified = await self._passwords.verify(password_hash, chosen.password or "")
        if institution is None or not verified:
            raise Refusal(self._refusal(opened, chosen, known=password_hash is not None))
        return Account(institution, chosen.key)

    async def nik(self, account: Account, encrypted: str) -> str | None:
        """None for what is no NIK. Raises Refusal 5006 where that is told apart from a NIK that nobody has."""
        text = await self._run(decrypt, account.key, encrypted)
        if text is None and self._distinct:
            raise Refusal(Outcome.NOT_DECRYPTED)
        return text if text is not None and _NIK.fullmatch(text) else None

    def _refusal(self, opened: Sequence[_Opened], chosen: _Opened, *, known: bool) -> Outcome:
        if not self._distinct:
            return Outcome.NO_SUCH_ACCOUNT
        if known:
            return Outcome.WRONG_PASSWORD if chosen.password is not None else Outcome.NOT_DECRYPTED
        decrypted = any(each.user_id is not None and each.password is not None for each in opened)
        return Outcome.NO_SUCH_ACCOUNT if decrypted else Outcome.NOT_DECRYPTED

    async def _keys_of(self, customer_id: str) -> list[bytes]:
        """At least one: somebody who is unknown has a key that nobody knows the public half of."""
        now = datetime.now(UTC)
        keys = [
            key.private
            for key in await self._store.institution_keys.list(customer_id)
            if key.ends_at is None or key.ends_at > now
        ]
        if self._nobodys is None:
            self._nobodys = await self._run(_new_key)
        return keys or [self._nobodys]

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **kwargs))


def _open_all(keys: Sequence[bytes], encrypted: tuple[str, str]) -> list[_Opened]:
    """With every key, whether or not an earlier one fitted."""
    loaded = map(load_private_bytes, keys)
    return [_Opened(key, decrypt(key, encrypted[0]), decrypt(key, encrypted[1])) for key in loaded]


def _new_key() -> bytes:
    return private_bytes(new_private_key())

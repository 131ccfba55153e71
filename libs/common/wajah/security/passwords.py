"""Passwords: Argon2id (RFC 9106) with the parameters of OWASP's password storage cheat sheet."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

MEMORY_KIB: Final = 19 * 1024
THREADS: Final = 2  # 19 MiB and some 30 ms of a core each: more at a time would starve recognition


class Passwords:
    """Hashes and checks passwords on threads of its own."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=MEMORY_KIB, parallelism=1)
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """A PHC string, with its own salt."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password belongs to the hash; without a hash the answer is no, and takes as long."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._verify, password_hash, password)

    def _verify(self, password_hash: str | None, password: str) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash("")
        try:
            self._hasher.verify(password_hash or self._nobodys, password)
        except (Argon2Error, InvalidHashError):
            return False
        return password_hash is not None

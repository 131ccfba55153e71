"""Ciphertexts as an attacker makes them: from nothing, or from what was recorded on the way."""

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from wajah.security.rsa_credentials import KEY_BITS

SIZE: Final = KEY_BITS // 8


@dataclass(frozen=True)
class Recorded:
    """Both fields of a call that was accepted, and the same of another institution."""

    user_id: str
    password: str
    foreign_user_id: str
    foreign_password: str


Pair = tuple[str, str]
"""What stands in `user_id` and `password`."""


class Attacker:
    """Every pair differs from the recorded one in at least one field. The same seed makes the same pairs."""

    def __init__(self, recorded: Recorded, key: RSAPrivateKey, seed: int) -> None:
        self._recorded = recorded
        self._numbers = key.public_key().public_numbers()
        self._random = random.Random(seed)
        self.kinds: dict[str, Callable[[], Pair]] = {
            "random": lambda: (self._bytes(SIZE), self._bytes(SIZE)),
            "random length": lambda: (self._any_length(), self._any_length()),
            "truncated": lambda: self._one_of(self._truncated),
            "extended": lambda: self._one_of(lambda text: self._text(base64.b64decode(text) + self._random.randbytes(3))),
            "bit flipped": lambda: self._one_of(self._flipped),
            "swapped": lambda: (recorded.password, recorded.user_id),
            "one field twice": lambda: self._random.choice(((recorded.user_id,) * 2, (recorded.password,) * 2)),
            "replayed from another": self._replayed,
            "blinded": lambda: self._one_of(self._blinded),
            "padded well, random text": lambda: self._one_of(lambda _: self._padded()),
            "padded badly": lambda: self._one_of(lambda _: self._padded(good=False)),
            "extreme": lambda: self._one_of(self._extreme),
            "no base64": lambda: self._one_of(
                lambda _: self._random.choice(("%", "é漢字", "\x00", "=" * 344, "AAAA=AAA", "-_-_"))
            ),
        }

    def pairs(self, count: int) -> list[tuple[str, Pair]]:
        """Each kind as often as the others, in turns."""
        names = list(self.kinds)
        return [(names[number % len(names)], self.kinds[names[number % len(names)]]()) for number in range(count)]

    def _one_of(self, damage: Callable[[str], str]) -> Pair:
        """One field damaged and the other replayed, or both damaged."""
        user_id, password = self._recorded.user_id, self._recorded.password
        return self._random.choice(
            ((damage(user_id), password), (user_id, damage(password)), (damage(user_id), damage(password)))
        )

    def _replayed(self) -> Pair:
        recorded = self._recorded
        return self._random.choice(
            (
                (recorded.foreign_user_id, recorded.foreign_password),
                (recorded.user_id, recorded.foreign_password),
                (recorded.foreign_user_id, recorded.password),
            )
        )

    def _truncated(self, text: str) -> str:
        if self._random.random() < 0.5:
            return text[: self._random.randrange(1, len(text))]
        return self._text(base64.b64decode(text)[: self._random.randrange(1, SIZE)])

    def _flipped(self, text: str) -> str:
        damaged = bytearray(base64.b64decode(text))
        damaged[self._random.randrange(SIZE)] ^= 1 << self._random.randrange(8)
        return self._text(bytes(damaged))

    def _blinded(self, text: str) -> str:
        """As Bleichenbacher's attack asks: the recorded number times a chosen one."""
        recorded, factor = int.from_bytes(base64.b64decode(text)), self._random.randrange(2, 1 << 64)
        chosen = recorded * pow(factor, self._numbers.e, self._numbers.n) % self._numbers.n
        return self._text(chosen.to_bytes(SIZE))

    def _padded(self, *, good: bool = True) -> str:
        plain = self._random.randbytes(self._random.randrange(0, 60))
        filling = bytes(self._random.randrange(1, 256) for _ in range(SIZE - 3 - len(plain)))
        block = b"\x00\x02" + filling + b"\x00" + plain
        if not good:
            block = self._random.choice(
                (
                    b"\x00\x01" + block[2:],
                    b"\x00\x02\x00" + block[3:],
                    b"\x00\x02" + b"\x11" * (SIZE - 2),
                    b"\x00" * (SIZE - 1) + b"\x05",
                )
            )
        return self._text(pow(int.from_bytes(block), self._numbers.e, self._numbers.n).to_bytes(SIZE))

    def _extreme(self, _: str) -> str:
        modulus = self._numbers.n
        number = self._random.choice((0, 1, modulus - 1, modulus, modulus + 1, (1 << KEY_BITS) - 1))
        return self._text(number.to_bytes(SIZE))

    def _any_length(self) -> str:
        return self._bytes(self._random.randrange(1, 3 * SIZE))

    def _bytes(self, size: int) -> str:
        return self._text(self._random.randbytes(size))

    @staticmethod
    def _text(raw: bytes) -> str:
        return base64.b64encode(raw).decode()

"""What the stand-in remembers: people, visits, tokens, what it was told to do, and what it was asked."""

import secrets
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

EVERYBODY = "*"


class Behaviour(StrEnum):
    """`normal` is what the contract says; everything else goes wrong in its own way."""

    NORMAL = "normal"
    REJECTED = "rejected"
    NOT_ENROLLED = "not_enrolled"
    UNKNOWN = "unknown"
    SERVER_ERROR = "server_error"
    NOT_FOUND = "not_found"
    EXPIRED_TOKEN = "expired_token"
    INCOMPLETE = "incomplete"
    MALFORMED = "malformed"
    HTML = "html"
    HUGE = "huge"
    DRIP = "drip"
    BROKEN_OFF = "broken_off"
    REDIRECT = "redirect"
    COMPRESSED = "compressed"


class Script(BaseModel):
    """How to treat a NIK: after `latency_s` seconds, the next `times` times, or for good."""

    model_config = ConfigDict(extra="forbid")

    behaviour: Behaviour = Behaviour.NORMAL
    latency_s: float = Field(default=0.0, ge=0, le=600)
    times: int | None = Field(default=None, ge=1)


@dataclass(frozen=True, slots=True)
class Call:
    """A question that arrived."""

    path: str
    nik: str


@dataclass(slots=True)
class State:
    people: dict[str, str] = field(default_factory=dict)
    """Name by NIK."""
    visits: dict[tuple[str, str], str] = field(default_factory=dict)
    """Time of check-in, by NIK and place."""
    tokens: set[str] = field(default_factory=set)
    refuse_credentials: bool = False
    scripts: dict[str, Script] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def issue_token(self) -> str:
        token = secrets.token_urlsafe(16)
        self.tokens.add(token)
        return token

    def script_of(self, nik: str) -> Script:
        """The script of this NIK, else everybody's; used up after so many times."""
        key = nik if nik in self.scripts else EVERYBODY
        script = self.scripts.get(key, Script())
        if script.times is not None:
            if script.times > 1:
                self.scripts[key] = script.model_copy(update={"times": script.times - 1})
            else:
                del self.scripts[key]
        return script

    def count(self, path: str, nik: str) -> int:
        """How often a path was asked about a NIK."""
        return self.calls.count(Call(path, nik))

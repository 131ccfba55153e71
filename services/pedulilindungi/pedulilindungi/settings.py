"""Settings of the connector. PeduliLindungi's address, paths and codes are not public: whoever has access knows them."""

from pathlib import Path
from typing import Annotated, Self

import httpx
from pydantic import Field, SecretStr, model_validator
from wajah.settings import Settings


class PeduliLindungiSettings(Settings):
    pl_url: str = ""
    """Where PeduliLindungi is, `https://host`; absent, it is told to be unreachable."""
    pl_stand_in: bool = False
    """What answers there is a stand-in for development: plain http is accepted, and the log says so."""
    pl_register_path: str = "/v1/users"
    pl_checkin_path: str = "/v1/checkins"
    pl_token_path: str = "/v1/oauth/token"  # noqa: S105 - a path
    pl_client_id: str = ""
    """With `pl_client_secret`: an access token is got at `pl_token_path` (OAuth 2.0 client credentials), and renewed."""
    pl_client_secret: SecretStr = SecretStr("")
    pl_token: SecretStr = SecretStr("")
    """An access token that doesn't change, where there are no client credentials."""
    pl_ca_file: Path | None = None
    """Certificates to trust instead of the public authorities."""
    pl_rejected_codes: frozenset[int] = frozenset({400, 422})
    """`code` of an answer that means: no such NIK with this name."""
    pl_not_enrolled_codes: frozenset[int] = frozenset({403, 404})
    """`code` of an answer that means: the NIK is not enrolled there."""
    pl_at_once: Annotated[int, Field(ge=1, le=1000)] = 16
    """The most calls under way."""
    pl_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """The longest that one call may take; less where the job's deadline is nearer."""
    pl_reserve_s: Annotated[float, Field(ge=0)] = 2.0
    """Time left to the job after the call: for the face to be written, and the answer to travel."""
    pl_breaker_failures: Annotated[int, Field(ge=1)] = 5
    """So many failures in a row, and it is not asked for a while."""
    pl_breaker_open_s: Annotated[float, Field(gt=0)] = 10.0
    """How long that while is."""
    pl_audit_every_s: Annotated[float, Field(gt=0)] = 60.0
    """How often the record is searched for people registered there and not here."""
    pl_retention_days: Annotated[float, Field(gt=0)] = 30.0
    """How long the record of a call, with what was answered, is kept."""

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        scheme = httpx.URL(self.pl_url).scheme
        if self.pl_url and scheme != "https" and not (scheme == "http" and self.pl_stand_in):
            raise ValueError("pl_url must be https://...; plain http is for a stand-in (pl_stand_in)")
        return self

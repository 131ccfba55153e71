"""Settings of the connector: where Dukcapil is, the institution's account there, and what cards are held against."""

from pathlib import Path
from typing import Annotated, Literal, Self

import httpx
from pydantic import Field, SecretStr, model_validator
from wajah.settings import Settings

_REQUIRED = ("dukcapil_customer_id", "dukcapil_user_id", "dukcapil_password", "dukcapil_public_key", "dukcapil_key_sha256")


class DukcapilSettings(Settings):
    dukcapil_url: str = ""
    """Where Dukcapil is, `https://host`; absent, it is told to be unreachable."""
    dukcapil_plain_http: bool = False
    """Its documented address is plain http in a private network: accepted with this. Credentials are encrypted, photographs
    are not."""
    dukcapil_ca_file: Path | None = None
    """Certificates to trust instead of the public authorities."""
    dukcapil_customer_id: str = ""
    """The institution's id in the path."""
    dukcapil_user_id: SecretStr = SecretStr("")
    dukcapil_password: SecretStr = SecretStr("")
    dukcapil_public_key: Path | None = None
    """PEM file of the key that credentials are encrypted with."""
    dukcapil_key_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    """Fingerprint of that key, as whoever issued it told it: `openssl pkey -pubin -in FILE -outform DER | sha256sum`."""
    dukcapil_ip: Annotated[str, Field(max_length=15)] = "127.0.0.1"
    """The address that the account was registered with."""
    dukcapil_source: Annotated[str, Field(max_length=50)] = "wajah"
    """`transactionSource`: the application that asks."""
    dukcapil_identify_path: str = "/api/face-recognition/{customer_id}/CALL_FN"
    dukcapil_compare_path: str = "/api/face-recognition/dukcapil/{customer_id}/CALL_FR"
    dukcapil_biographic_path: str = "/dukcapil/get_json/{customer_id}/CALL_VERIFY_BY_ELEMEN"
    dukcapil_nik_field: str = "NIK"
    dukcapil_name_field: str = "NAMA_LGKP"
    dukcapil_birth_date_field: str = "TGL_LHR"
    """Names of the elements in the biographic check; the birth date is written dd-mm-yyyy."""
    dukcapil_not_found_text: str = "Data Tidak Ditemukan"
    """What the biographic check answers where there is no such NIK."""
    dukcapil_threshold: Annotated[float, Field(ge=1, le=20)] = 7.0
    """Score from which on somebody is found, where the job says none."""
    dukcapil_match_score: Annotated[float, Field(gt=0, lt=20)] = 15.0
    """Score of a 1:1 comparison that means 75 %."""
    dukcapil_daily_quota: Annotated[int | None, Field(ge=0)] = None
    """Calls a day of each method, by this process; absent, until Dukcapil says that the quota is used up."""
    dukcapil_at_once: Annotated[int, Field(ge=1, le=1000)] = 4
    """The most calls under way."""
    dukcapil_timeout_s: Annotated[float, Field(gt=0)] = 50.0
    """The longest that asking may take; less where the job's deadline is nearer."""
    dukcapil_reserve_s: Annotated[float, Field(ge=0)] = 1.0
    """Time left to the job after the call: for the answer to travel."""
    dukcapil_busy_pause_s: Annotated[float, Field(ge=0)] = 1.0
    """How long to wait before it is asked again where it said that it was busy."""
    dukcapil_breaker_failures: Annotated[int, Field(ge=1)] = 5
    """So many failures in a row, and it is not asked for a while."""
    dukcapil_breaker_open_s: Annotated[float, Field(gt=0)] = 10.0
    """How long that while is."""
    ktp_registry: Literal["register", "dukcapil"] = "register"
    """What identity cards are held against: the platform's own civil register (`wajah register import`), or Dukcapil."""
    ktp_threshold_percent: Annotated[float, Field(ge=0, le=100)] = 75.0
    """A face passes above it."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if not self.dukcapil_url:
            return self
        scheme = httpx.URL(self.dukcapil_url).scheme
        if scheme != "https" and not (scheme == "http" and self.dukcapil_plain_http):
            raise ValueError("dukcapil_url must be https://...; plain http needs dukcapil_plain_http")
        missing = [name for name in _REQUIRED if not getattr(self, name)]
        if missing:
            raise ValueError(f"with dukcapil_url these are needed too: {', '.join(missing)}")
        return self

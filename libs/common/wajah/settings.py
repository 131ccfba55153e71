"""Settings that every service shares, from `WAJAH_*` variables of the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from wajah.security.key_encryption_keys import GivenKeys, KeyEncryptionKeys, KeyFile


class Settings(BaseSettings):
    """Base of the services' settings: each service adds its own."""

    model_config = SettingsConfigDict(env_prefix="WAJAH_", extra="ignore")

    bus: str = "memory:"
    """`memory:` (one process) or `amqp://user:password@host:port/vhost`."""
    store: str = ""
    """`sqlite:///path` or `mongodb://host:port/database`; absent, `wajah.db` in `data`."""
    data: Path = Path("var")
    """Folder for the database of one machine, and for prepared model packs."""
    shards: Annotated[int, Field(ge=1, le=4096)] = 16
    """Matcher shards; the same everywhere, and fixed for the life of a deployment."""
    health_bind: str = "0.0.0.0:8081"
    """Where a service answers `/healthz`, `/readyz` and `/metrics`."""
    grace_s: Annotated[float, Field(gt=0)] = 20.0
    """How long a service may take to finish its work after SIGTERM."""
    log_level: str = "INFO"
    keys: SecretStr = SecretStr("")
    """What templates are encrypted with: `ID:BASE64` of 32 bytes, the current key first, commas between; precedes a file."""
    keys_file: Path | None = None
    """The same, one a line; absent, `keys/templates` beside the database of one machine, made at the first start."""

    @property
    def store_url(self) -> str:
        return self.store or f"sqlite:///{self.data / 'wajah.db'}"

    @property
    def encryption_keys(self) -> KeyEncryptionKeys | None:
        """None where neither is set."""
        if text := self.keys.get_secret_value():
            return GivenKeys(text)
        return None if self.keys_file is None else KeyFile(self.keys_file)

"""Settings of the matcher."""

import os
import re
import socket
from typing import Annotated

from pydantic import Field
from wajah.settings import Settings


def _own_number() -> int:
    """The ordinal at the end of a StatefulSet's host name (`matcher-2`), else 0."""
    numbered = re.search(r"-(\d+)$", socket.gethostname())
    return int(numbered.group(1)) if numbered else 0


class MatcherSettings(Settings):
    replicas: Annotated[int, Field(ge=1)] = 1
    """How many matchers share the shards."""
    ordinal: Annotated[int, Field(ge=0)] = Field(default_factory=_own_number)
    """Which of them this one is, from 0; absent, the number that ends the host name."""
    standby_s: Annotated[float, Field(ge=0)] = 5.0
    """How much later it stands by on the shards of the others."""
    gallery_memory_mb: Annotated[int, Field(ge=1)] = 4096
    """Memory for galleries, about; the least recently used are given up beyond it."""
    search_threads: Annotated[int, Field(ge=1)] = Field(default_factory=lambda: os.cpu_count() or 1)
    search_batch: Annotated[int, Field(ge=1, le=1024)] = 64
    """The most probes in one search."""
    search_wait_ms: Annotated[float, Field(ge=0, le=100)] = 2.0
    """How long a search may wait for more probes under load."""
    audit_every_s: Annotated[float, Field(gt=0)] = 3600.0
    """How often galleries in memory are compared with the store."""
    erase_every_s: Annotated[float, Field(gt=0)] = 3600.0
    """How often clients whose grace period has ended are looked for and erased."""
    grace_period_days: Annotated[float, Field(ge=0)] = 30.0
    """How long a client that deregistered can register again, and find what it had."""
    sweep_every_s: Annotated[float, Field(gt=0)] = 60.0
    """How often faces whose retention has ended, and old transaction records, are looked for and erased."""
    transaction_days: Annotated[float, Field(ge=0)] = 365.0
    """How long transaction records are kept; 0 is for ever."""

"""Settings of the ingress, from `WAJAH_*` variables of the environment."""

from typing import Annotated

from pydantic import Field, IPvAnyNetwork
from wajah.settings import Settings


class IngressSettings(Settings):
    """What the HTTP side can be told."""

    bind: str = "127.0.0.1:8080"
    """Where the public APIs are served; port 0 takes a free one."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 12_000_000
    """Largest request body: a photograph of 8 MB as base64, and the rest."""
    body_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """How long an upload may take; the job's deadline starts when it is complete."""
    deadline_s: Annotated[float, Field(gt=0)] = 10.0
    """How long a caller waits for an answer."""
    pl_deadline_s: Annotated[float, Field(gt=0)] = 15.0
    """The same where PeduliLindungi is asked."""
    ktp_deadline_s: Annotated[float, Field(gt=0)] = 60.0
    """The same where an identity card is verified."""
    max_in_flight: Annotated[int, Field(ge=1)] = 256
    """Jobs under way towards one service, before new ones are refused with 503."""
    max_wait_s: Annotated[float, Field(gt=0)] = 8.0
    """Longest estimated wait that is still accepted; under `deadline_s`, or answers come too late to be read."""
    max_sign_ins: Annotated[int, Field(ge=1)] = 32
    """Passwords being checked or waiting for it, 19 MiB and some 30 ms of a core each."""
    token_ttl_days: Annotated[float, Field(ge=0)] = 0.0
    """Life of an access token; 0 is until it is revoked."""
    dukcapil_distinct_refusals: bool = False
    """Dukcapil FR API: tell what is wrong with credentials (5001, 5006, 9002); over plain HTTP that lets recorded ones be
    decrypted, so it is warned of at the start."""
    dukcapil_trusted_proxies: frozenset[IPvAnyNetwork] = frozenset()
    """Dukcapil FR API: addresses or networks of proxies whose X-Forwarded-For is believed; as a JSON array."""
    users_refuse_blacklisted: bool = False
    """Users API: an enrolment of a face on the blacklist is refused, but for one on the blacklist itself."""
    users_whitelist_only: frozenset[str] = frozenset()
    """Users API: clients that may search for faces on their whitelist only; in the environment a JSON array of ids."""

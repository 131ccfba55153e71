"""The OpenAPI document as a file: `python -m ingress.openapi > docs/openapi.json`."""

import json
import sys
from typing import Any

from wajah.messaging.caller import Jobs
from wajah.messaging.connect import open_bus
from wajah.messaging.topology import Topology
from wajah.security.passwords import Passwords
from wajah.storage.connect import open_store

from ingress.app import build
from ingress.settings import IngressSettings


def document() -> dict[str, Any]:
    """What `/openapi.json` answers. Nothing is started for it."""
    topology = Topology(shards=1)
    jobs = Jobs(open_bus("memory:", topology), topology)
    return build(IngressSettings(), jobs, open_store("sqlite:///unused"), Passwords(), _never_ready).openapi()


async def _never_ready() -> bool:
    return False


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")

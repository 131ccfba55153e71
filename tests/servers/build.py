"""Builds what the tests need from source, before any test's time is counted: `python -m tests.servers.build`."""

import os

from tests.servers import mongodb
from tests.servers.kustomize import kustomize
from tests.servers.reporting import not_run


def main() -> None:
    if not os.environ.get("MONGO_URL") and mongodb.program() is None:
        print("NO MONGODB, AND NO GO TO BUILD ONE OF ITS KIND: SET MONGO_URL, OR START DOCKER, TO TEST IT.")
    if kustomize() is None:
        print("NO KUSTOMIZE, AND NO GO TO BUILD IT: THE KUBERNETES OVERLAYS WILL NOT BE TESTED.")
    for what, why in not_run().items():
        print(f"{what}: {why}".upper())


if __name__ == "__main__":
    main()

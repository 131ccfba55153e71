"""One matcher as a process, as a container runs it: `python -m matcher`."""

import sys

from wajah.process import Foundation, run_alone
from wajah.runtime_check import RuntimeUnfit, installed_one_of
from wajah.security.key_encryption_keys import KeysUnfit


def main() -> None:
    """Until SIGTERM. Exits with 1 and one line where the environment can't run it."""
    try:
        installed_one_of("faiss-cpu", "faiss-gpu")
    except RuntimeUnfit as unfit:
        sys.exit(f"matcher: {unfit}")

    from matcher.service import MatcherService
    from matcher.settings import MatcherSettings

    settings = MatcherSettings()

    def build(on: Foundation) -> MatcherService:
        return MatcherService(settings, on.bus, on.store, on.topology, on_finished=on.recorder.record)

    try:
        run_alone(settings, build, opens_templates=True)
    except KeysUnfit as unfit:
        sys.exit(f"matcher: {unfit}")


if __name__ == "__main__":
    main()

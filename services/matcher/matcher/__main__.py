"""One matcher as a process, as a container runs it: `python -m matcher`."""

from wajah.process import Foundation, run_alone

from matcher.service import MatcherService
from matcher.settings import MatcherSettings


def main() -> None:
    """Until SIGTERM."""
    settings = MatcherSettings()

    def build(on: Foundation) -> MatcherService:
        return MatcherService(settings, on.bus, on.store, on.topology, on_finished=on.recorder.record)

    run_alone(settings, build)


if __name__ == "__main__":
    main()

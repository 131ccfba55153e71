"""One connector as a process, as a container runs it: `python -m dukcapil`."""

from wajah.process import Foundation, run_alone

from dukcapil.service import DukcapilService
from dukcapil.settings import DukcapilSettings


def main() -> None:
    """Until SIGTERM."""
    settings = DukcapilSettings()

    def build(on: Foundation) -> DukcapilService:
        return DukcapilService(settings, on.bus, on.store, on.topology, on_finished=on.recorder.record)

    run_alone(settings, build)


if __name__ == "__main__":
    main()

"""One embedder as a process, as a container runs it: `python -m embedder`."""

from wajah.process import Foundation, run_alone

from embedder.service import EmbedderService
from embedder.settings import EmbedderSettings


def main() -> None:
    """Until SIGTERM."""
    settings = EmbedderSettings()

    def build(on: Foundation) -> EmbedderService:
        return EmbedderService(settings, on.bus, on.store, on.topology, on_finished=on.recorder.record)

    run_alone(settings, build)


if __name__ == "__main__":
    main()

"""One embedder as a process, as a container runs it: `python -m embedder`."""

import sys

from wajah.process import Foundation, run_alone
from wajah.runtime_check import RuntimeUnfit, installed_one_of


def main() -> None:
    """Until SIGTERM. Exits with 1 and one line where the environment can't run it."""
    try:
        installed_one_of("onnxruntime", "onnxruntime-gpu")
    except RuntimeUnfit as unfit:
        sys.exit(f"embedder: {unfit}")

    from embedder.service import EmbedderService
    from embedder.settings import EmbedderSettings

    settings = EmbedderSettings()

    def build(on: Foundation) -> EmbedderService:
        return EmbedderService(settings, on.bus, on.store, on.topology, on_finished=on.recorder.record)

    run_alone(settings, build)


if __name__ == "__main__":
    main()

"""One connector as a process, as a container runs it: `python -m pedulilindungi`."""

from wajah.process import Foundation, run_alone

from pedulilindungi.service import PeduliLindungiService
from pedulilindungi.settings import PeduliLindungiSettings


def main() -> None:
    """Until SIGTERM."""
    settings = PeduliLindungiSettings()

    def build(on: Foundation) -> PeduliLindungiService:
        return PeduliLindungiService(settings, on.bus, on.store, on.topology, on_finished=on.recorder.record)

    run_alone(settings, build)


if __name__ == "__main__":
    main()

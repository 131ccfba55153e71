"""One ingress as a process, as a container runs it: `python -m ingress`."""

from wajah.process import Foundation, run_alone

from ingress.service import IngressService
from ingress.settings import IngressSettings


def main() -> None:
    """Until SIGTERM."""
    settings = IngressSettings()

    def build(on: Foundation) -> IngressService:
        return IngressService(settings, on.bus, on.store, on.topology)

    run_alone(settings, build)


if __name__ == "__main__":
    main()

"""The entry point of `wajah`: a process without exactly one build of each runtime is told so before anything is loaded."""

import sys

from wajah.runtime_check import RuntimeUnfit, installed_one_of


def main() -> None:
    """Exits with 1 and one line where the environment can't run the platform."""
    try:
        installed_one_of("faiss-cpu", "faiss-gpu")
        installed_one_of("onnxruntime", "onnxruntime-gpu")
    except RuntimeUnfit as unfit:
        sys.exit(f"wajah: {unfit}")

    from standalone.cli import app

    app(prog_name="wajah")


if __name__ == "__main__":
    main()

"""What must be true of this installation before the embedder starts."""

from wajah.runtime_check import installed_one_of


def check_runtime() -> None:
    """Raises RuntimeUnfit unless exactly one build of onnxruntime is installed."""
    installed_one_of("onnxruntime", "onnxruntime-gpu")

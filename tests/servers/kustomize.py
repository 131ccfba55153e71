"""The program that puts Kubernetes overlays together: on the PATH, or built once where Go is."""

import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"  # the last that Go 1.26 builds
BUILD_TIMEOUT_S = 400


@cache
def kustomize() -> str | None:
    """The program: on the PATH, or built once where Go is."""
    found = shutil.which("kustomize")
    go = shutil.which("go")
    if found or not go:
        return found
    name = hashlib.sha256(KUSTOMIZE.encode()).hexdigest()[:12]
    place = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wajah-tests" / f"kustomize-{name}"
    if not (place / "kustomize").exists():
        built = subprocess.run(
            [go, "install", KUSTOMIZE],
            env={**os.environ, "GOBIN": str(place)},
            timeout=BUILD_TIMEOUT_S,
            check=False,
            capture_output=True,
        )
        if built.returncode:
            return None
    return str(place / "kustomize")

"""Services as processes of their own, as containers run them: started, asked, killed, started again."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 30.0


class ServiceProcess:
    """`python -m NAME` on a port of its own for probes; what it prints goes to a file in `folder`."""

    def __init__(self, name: str, environment: Mapping[str, str], folder: Path, *arguments: str) -> None:
        self.name = name
        self._arguments = arguments
        self._health_port = free_port()
        self._output = folder / f"{name}-{self._health_port}.log"
        self._environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "WAJAH_HEALTH_BIND": f"127.0.0.1:{self._health_port}",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.name, *self._arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_ready(self, url: str | None = None) -> None:
        """`url` is where it answers for itself; absent, its health port.

        Raises RuntimeError with its last words when it ends, or is not ready in time.
        """
        assert self._process is not None
        give_up = time.monotonic() + START_TIMEOUT_S
        while not _ready(url or f"http://127.0.0.1:{self._health_port}/readyz"):
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"{self.name} is not ready: {self._output.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(STOP_TIMEOUT_S)

    def stop(self) -> int:
        """SIGTERM, and what it returned."""
        if self._process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            return self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

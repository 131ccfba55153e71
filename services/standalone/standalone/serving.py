"""`wajah serve` and `wajah service`: run until told to stop."""

import importlib
from typing import Any

from rich.console import Console
from wajah.messaging.service import run
from wajah.process import Foundation
from wajah.settings import Settings
from wajah.telemetry import logging

from standalone.composition import Platform
from standalone.progress import progress_bar

SERVICES = ("embedder", "matcher", "ingress")


async def serve(settings: Settings, **options: Any) -> None:
    """All services in this process. Logs go to standard error."""
    logging.configure(settings.log_level)
    with progress_bar(Console(stderr=True)) as progress:
        platform = Platform(Foundation.of(settings), progress, **options)
        Console().print(f"Wajah will answer at http://{platform.bind}, documentation at /docs. Ctrl+C ends it.")
        await run(platform.services, grace_s=settings.grace_s, health_bind=None)


def serve_one(name: str) -> None:
    """One service in this process, as its container runs it. Raises KeyError for an unknown name."""
    if name not in SERVICES:
        raise KeyError(name)
    importlib.import_module(f"{name}.__main__").main()

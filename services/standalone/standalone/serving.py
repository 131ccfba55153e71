"""`wajah serve` and `wajah service`: run until told to stop."""

import importlib
from typing import Any

from rich.console import Console
from wajah.messaging.service import Service, run
from wajah.process import Foundation
from wajah.settings import Settings
from wajah.telemetry import logging

from standalone.composition import Platform
from standalone.progress import progress_bar
from standalone.stand_ins import OPTIONS, StandIn

SERVICES = ("embedder", "matcher", "pedulilindungi", "dukcapil", "ingress")


async def serve(settings: Settings, *, stand_ins: bool = False, **options: Any) -> None:
    """All services in this process; with `stand_ins`, beside processes that stand in for the services outside. Logs go to
    standard error."""
    logging.configure(settings.log_level)
    beside: list[Service] = [StandIn()] if stand_ins else []
    with progress_bar(Console(stderr=True)) as progress:
        foundation = Foundation.of(settings, opens_templates=True)
        platform = Platform(foundation, progress, **(OPTIONS if stand_ins else {}), **options)
        Console().print(f"Wajah will answer at http://{platform.bind}, documentation at /docs. Ctrl+C ends it.")
        await run([*beside, *platform.services], grace_s=settings.grace_s, health_bind=None)


def serve_one(name: str) -> None:
    """One service in this process, as its container runs it. Raises KeyError for an unknown name."""
    if name not in SERVICES:
        raise KeyError(name)
    importlib.import_module(f"{name}.__main__").main()

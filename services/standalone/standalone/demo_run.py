"""Runs the demonstration on a platform of its own: started for it, with a database that is thrown away."""

import secrets
import tempfile
import time
from pathlib import Path

from embedder.pipeline import Pack
from embedder.registry import open_pack
from embedder.settings import EmbedderSettings
from rich.console import Console
from wajah.messaging.service import running
from wajah.process import Foundation
from wajah.security.passwords import Passwords
from wajah.settings import Settings
from wajah.telemetry import logging

from standalone import demo, photographs
from standalone.client import FaceApi
from standalone.clients import Limits, add_client
from standalone.composition import Platform
from standalone.progress import progress_bar

CLIENT_ID = "demo"


async def run(settings: Settings, pack_name: str | None, faces: Path | None) -> int:
    """The number of pictures that were not recognised as they should."""
    logging.configure("WARNING")
    console = Console()
    started = time.perf_counter()
    name = pack_name or EmbedderSettings().pack
    with progress_bar(console) as progress:
        pack = open_pack(name, settings.data, progress)
    people, probes = _given(faces) if faces else _packaged(pack)
    with tempfile.TemporaryDirectory(prefix="wajah-demo-") as folder:
        own = settings.model_copy(update={"bus": "memory:", "store": f"sqlite:///{folder}/wajah.db"})
        foundation = Foundation.of(own)
        platform = Platform(foundation, lambda what, done: None, bind="127.0.0.1:0", data=settings.data, pack=name)
        async with running(platform.services, grace_s=settings.grace_s):
            password = secrets.token_urlsafe()
            await add_client(foundation.store, Passwords(), CLIENT_ID, password, Limits())
            async with FaceApi(f"http://127.0.0.1:{platform.ingress.port}") as api:
                await api.sign_in(CLIENT_ID, password)
                await demo.enrol_all(api, people, console)
                outcomes = await demo.try_all(api, probes)
    console.print(demo.table(outcomes))
    right = sum(outcome.right for outcome in outcomes)
    console.print(
        f"\n{len(people)} people enrolled, {right} of {len(outcomes)} pictures answered rightly, "
        f"in {time.perf_counter() - started:.0f} s. Every call went over HTTP through the Face API of a platform that was "
        f"started for it: all services in one process.\n"
        f"Model: {pack.manifest.model_id} ({pack.manifest.licence}). {pack.manifest.terms}\n\n"
        "[bold]Go on:[/] [cyan]make serve[/] leaves it running, documentation at http://127.0.0.1:8080/docs; "
        "[cyan].venv/bin/wajah client add NAME[/] makes an account; "
        "[cyan].venv/bin/wajah demo --faces DIR[/] takes your own pictures (person/*.jpg)."
    )
    return len(outcomes) - right


def _packaged(pack: Pack) -> tuple[list[photographs.Portrait], list[demo.Probe]]:
    people = [*photographs.group(pack.detect), photographs.astronaut(pack.detect)]
    return people, [*demo.altered(people), demo.stranger(photographs.stranger())]


def _given(folder: Path) -> tuple[list[photographs.Portrait], list[demo.Probe]]:
    return demo.from_folder(folder)

"""The composition root: all services in one process, each standing on the same bus and store."""

from typing import Any

from dukcapil.service import DukcapilService
from dukcapil.settings import DukcapilSettings
from embedder.default_pack import Progress
from embedder.service import EmbedderService
from embedder.settings import EmbedderSettings
from ingress.service import IngressService
from ingress.settings import IngressSettings
from matcher.service import MatcherService
from matcher.settings import MatcherSettings
from pedulilindungi.service import PeduliLindungiService
from pedulilindungi.settings import PeduliLindungiSettings
from wajah.messaging.service import Service
from wajah.process import Foundation


class Platform:
    """Every service of one machine. `options` are settings that go before the environment."""

    def __init__(self, on: Foundation, progress: Progress, **options: Any) -> None:
        finished = on.recorder.record
        embedder = EmbedderService(
            EmbedderSettings(**options), on.bus, on.store, on.topology, progress=progress, on_finished=finished
        )
        matcher = MatcherService(MatcherSettings(**options), on.bus, on.store, on.topology, on_finished=finished)
        pedulilindungi = PeduliLindungiService(
            PeduliLindungiSettings(**options), on.bus, on.store, on.topology, on_finished=finished
        )
        dukcapil = DukcapilService(DukcapilSettings(**options), on.bus, on.store, on.topology, on_finished=finished)
        ingress_settings = IngressSettings(**options)
        self.bind = ingress_settings.bind
        self.ingress = IngressService(ingress_settings, on.bus, on.store, on.topology)
        self.services: list[Service] = [*on.resources(), embedder, matcher, pedulilindungi, dukcapil, self.ingress]

"""The whole platform as processes over RabbitMQ: one ingress, one embedder, two matchers, to be killed one at a time.

Where PeduliLindungi is to be asked, a connector is among them.
"""

import asyncio
import base64
from pathlib import Path

from standalone.clients import Limits, add_client_to
from wajah.settings import Settings

from tests.servers.services import ServiceProcess, free_port

CLIENT_ID, PASSWORD = "fault", "a password for tests"
KEYS = f"test:{base64.b64encode(bytes(range(32))).decode()}"
FACES = 100_000  # a limit that is never reached, so that what is left is counted


class Platform:
    """`processes` by the name that a test kills them by; `base_url` is where ingress answers."""

    def __init__(self, bus: str, store: str, folder: Path, *, pl_url: str = "") -> None:
        port = free_port()
        self.base_url = f"http://127.0.0.1:{port}"
        self._store = store
        common = {
            "WAJAH_BUS": bus,
            "WAJAH_STORE": store,
            "WAJAH_DATA": str(Settings().data),  # model packs are prepared once, not for every test
            "WAJAH_SHARDS": "4",
            "WAJAH_STANDBY_S": "1",
            "WAJAH_REPLICAS": "2",
            "WAJAH_KEYS": KEYS,
            "WAJAH_PL_DEADLINE_S": "6",
        }
        self.processes = {
            "embedder": ServiceProcess("embedder", common, folder),
            "matcher": ServiceProcess("matcher", {**common, "WAJAH_ORDINAL": "0"}, folder),
            "the other matcher": ServiceProcess("matcher", {**common, "WAJAH_ORDINAL": "1"}, folder),
            "ingress": ServiceProcess("ingress", {**common, "WAJAH_BIND": f"127.0.0.1:{port}"}, folder),
        }
        if pl_url:
            stand_in = {"WAJAH_PL_URL": pl_url, "WAJAH_PL_STAND_IN": "true"}
            credentials = {"WAJAH_PL_CLIENT_ID": "wajah", "WAJAH_PL_CLIENT_SECRET": "stand-in"}
            self.processes["pedulilindungi"] = ServiceProcess("pedulilindungi", common | stand_in | credentials, folder)

    def start(self) -> None:
        for process in self.processes.values():
            process.start()
        for process in self.processes.values():
            process.wait_ready()
        asyncio.run(add_client_to(self._store, CLIENT_ID, PASSWORD, Limits(faces=FACES)))

    def stop(self) -> None:
        for process in self.processes.values():
            process.stop()

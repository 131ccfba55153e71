"""Who verifies identity cards, and who is in the civil register."""

from datetime import UTC, date, datetime

from wajah.contracts.jobs import CreateGallery, Enrol
from wajah.contracts.types import CIVIL_REGISTER
from wajah.messaging.caller import Jobs
from wajah.messaging.topology import Topology
from wajah.security.passwords import Passwords
from wajah.security.tokens import sha256_of
from wajah.storage.civilians import Civilian
from wajah.storage.ports import Api, ApiKey, Client, Quota

from tests.integration.ingress_server import Platform
from tests.integration.stages import picture

PATH = "/identity/v1/face-verification"
CLIENT, PASSWORD, KEY = "verifier", "rahasia: sekali", "key of verifier"
NIK, NAME, BORN = "3175035708450001", "Siti Nuraini", "17-08-1945"


async def sign_up(running: Platform, client_id: str = CLIENT, key: str = KEY, hits: int | None = None) -> None:
    limits = {**dict.fromkeys(Quota), Quota.HITS: hits}
    password_hash = await Passwords().hash(PASSWORD)
    await running.store.clients.add(Client(client_id, password_hash, limits, datetime.now(UTC)))
    await running.store.api_keys.add(ApiKey(client_id, Api.IDENTITY, key[:8], "cards", datetime.now(UTC)), sha256_of(key))


async def register(running: Platform, nik: str = NIK, name: str = NAME) -> None:
    """Siti, with the face of the pictures of that name."""
    owner = CIVIL_REGISTER.client_id
    await running.store.clients.add(Client(owner, "!", dict.fromkeys(Quota), datetime.now(UTC)))
    await running.store.civilians.put(Civilian(nik, name, date(1945, 8, 17)))
    jobs = Jobs(running.bus, Topology(2))
    gallery_id = CIVIL_REGISTER.gallery_id
    created = await jobs.run(CreateGallery(gallery_id=gallery_id), client_id=owner)
    enrolment = Enrol(gallery_id=gallery_id, user_id=nik, user_name=name, image=picture("siti"))
    reply = await jobs.run(enrolment, client_id=owner)
    assert (created.error, reply.error) == (None, None)

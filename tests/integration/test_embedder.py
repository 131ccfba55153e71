"""The embedder on a bus: real photographs in, templates and documented faults out."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import insightface
import pytest
import skimage
from embedder.default_pack import NAME
from embedder.registry import pack_show
from embedder.service import EmbedderService
from embedder.settings import EmbedderSettings
from PIL import Image
from wajah.contracts.envelope import Envelope
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.framing import decode
from wajah.contracts.jobs import Compare, Enrol, Identify, Payload
from wajah.contracts.results import Compared, Embedded
from wajah.messaging.bus import Bus, Delivery
from wajah.messaging.caller import Jobs
from wajah.messaging.connect import open_bus
from wajah.messaging.topology import Topology
from wajah.storage.connect import open_store
from wajah.storage.ports import Store

ASTRONAUT = (Path(skimage.__file__).parent / "data" / "astronaut.png").read_bytes()
GROUP = (Path(insightface.__file__).parent / "data" / "images" / "t1.jpg").read_bytes()


def variant(*, mirrored: bool = False, scale: float = 1.0, quality: int = 90, crop: float = 0.0) -> bytes:
    """Another picture of the astronaut."""
    picture = Image.open(io.BytesIO(ASTRONAUT)).convert("RGB")
    edge = int(crop * picture.width)
    picture = picture.crop((edge, 0, picture.width, picture.height - edge))
    if mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    buffer = io.BytesIO()
    picture.resize((int(picture.width * scale), int(picture.height * scale))).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder, so that the default pack is built once."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'wajah.db'}")
    await store.start()
    yield store
    await store.stop()


@pytest.fixture(params=["memory", "amqp"])
def address(request: pytest.FixtureRequest) -> tuple[str, Topology]:
    """The URL of a bus of each kind, and queues of this test's own."""
    if request.param == "memory":
        return "memory:", Topology(2)
    return request.getfixturevalue("amqp_url"), request.getfixturevalue("amqp_topology")


@pytest.fixture
async def wired(address: tuple[str, Topology]) -> AsyncIterator[tuple[Bus, Topology]]:
    url, topology = address
    bus = open_bus(url, topology)
    await bus.start()
    yield bus, topology
    await bus.stop()


@pytest.fixture
async def service(wired: tuple[Bus, Topology], store: Store, data: Path) -> AsyncIterator[EmbedderService]:
    bus, topology = wired
    service = EmbedderService(EmbedderSettings(data=data, embedder_workers=1), bus, store, topology)
    await service.start()
    yield service
    await service.drain()
    await service.stop()


@pytest.fixture
def jobs(wired: tuple[Bus, Topology], service: EmbedderService) -> Jobs:
    return Jobs(*wired)


async def test_it_is_ready_once_started_and_not_while_it_drains(service: EmbedderService) -> None:
    assert await service.ready()

    await service.drain()

    assert not await service.ready()


async def test_it_registers_its_model(service: EmbedderService, store: Store, data: Path) -> None:
    manifest = pack_show(NAME, data)

    model = await store.models.get(manifest.model_id)

    assert model == manifest.face_model()


async def test_two_pictures_of_one_person_are_verified(jobs: Jobs) -> None:
    other_picture = variant(mirrored=True, scale=0.8, quality=70)

    reply = await jobs.run(Compare(source_image=ASTRONAUT, target_image=other_picture), client_id="acme")

    result = reply.result(Compared)
    assert result.verified
    assert 0.75 < result.similarity < 1.0


async def test_two_people_are_not_verified(jobs: Jobs) -> None:
    reply = await jobs.run(Compare(source_image=ASTRONAUT, target_image=GROUP), client_id="acme")

    result = reply.result(Compared)
    assert not result.verified
    assert result.similarity < 0.75


async def test_the_identical_image_has_similarity_1(jobs: Jobs) -> None:
    reply = await jobs.run(Compare(source_image=GROUP, target_image=GROUP), client_id="acme")

    assert reply.result(Compared).similarity == 1.0


async def test_the_template_travels_on_without_the_image(wired: tuple[Bus, Topology], jobs: Jobs) -> None:
    # given somebody who takes what comes to the matcher
    bus, topology = wired
    arrived: asyncio.Queue[Envelope] = asyncio.Queue()

    async def take(delivery: Delivery) -> None:
        arrived.put_nowait(decode(delivery.message.body, delivery.message.content_type))

    taking = [await bus.consume(topology.shard(n).reads, take, prefetch=1) for n in range(topology.shards)]

    # when
    waiting = asyncio.create_task(jobs.run(Identify(gallery_id="g", image=GROUP), client_id="acme"))
    envelope = await asyncio.wait_for(arrived.get(), 20)

    # then
    waiting.cancel()
    for subscription in taking:
        await subscription.cancel()
    embedded = Embedded.model_validate(envelope.results[Embedded.stage])
    assert "image" not in envelope.payload
    assert len(embedded.template) == 4 * embedded.dimension
    assert embedded.faces == 6


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (GROUP[: len(GROUP) // 3], Code.IMAGE_ERROR),
        (b"renamed.jpg", Code.IMAGE_TYPE_UNKNOWN),
        (variant(scale=0.2), Code.FACE_TOO_SMALL),
    ],
    ids=["truncated", "text", "face of 20 pixels"],
)
async def test_a_bad_image_is_that_jobs_error(jobs: Jobs, image: bytes, code: Code) -> None:
    bad, good = await asyncio.gather(
        jobs.run(Enrol(gallery_id="g", user_id="u", user_name="U", image=image), client_id="acme"),
        jobs.run(Compare(source_image=ASTRONAUT, target_image=ASTRONAUT), client_id="acme"),
    )

    with pytest.raises(WajahError) as caught:
        bad.result(Embedded)
    assert caught.value.code is code
    assert good.result(Compared).similarity == 1.0


async def test_what_is_in_hand_is_finished_before_the_end(service: EmbedderService, jobs: Jobs) -> None:
    payload: Payload = Compare(source_image=GROUP, target_image=GROUP)
    under_way = [asyncio.create_task(jobs.run(payload, client_id="acme")) for _ in range(3)]
    await asyncio.sleep(0.05)

    await service.drain()

    done, _ = await asyncio.wait(under_way, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert done
    assert all(task.result().result(Compared).verified for task in done)
    for task in under_way:
        task.cancel()

"""Which queue a job takes."""

import time

import pytest
from wajah.contracts.envelope import Envelope
from wajah.contracts.jobs import DeleteGallery, Enrol, Identify, ListGalleries, Payload
from wajah.contracts.types import GalleryKey
from wajah.messaging.topology import Topology

TOPOLOGY = Topology(16)


def envelope(payload: Payload) -> Envelope:
    return Envelope.of(payload, client_id="c", deadline=time.time() + 1)


def after_embedding(payload: Payload) -> Envelope:
    new = envelope(payload)
    return new.model_copy(update={"slip": new.slip[1:]})


def test_images_go_to_the_embedders_queue_which_is_not_durable() -> None:
    queue = TOPOLOGY.queue_of(envelope(Identify(gallery_id="g", image=b"")))

    assert queue == TOPOLOGY.embed
    assert not queue.durable
    assert not queue.single_active


def test_reads_and_writes_of_a_gallery_go_to_the_same_shard() -> None:
    number = TOPOLOGY.shard_of(GalleryKey("c", "g"))

    reads = TOPOLOGY.queue_of(after_embedding(Identify(gallery_id="g", image=b"")))
    writes = TOPOLOGY.queue_of(after_embedding(Enrol(gallery_id="g", user_id="u", user_name="U", image=b"")))

    assert (reads, writes) == (TOPOLOGY.shard(number).reads, TOPOLOGY.shard(number).writes)
    assert reads.single_active
    assert writes.single_active
    assert (reads.durable, writes.durable) == (False, True)
    assert TOPOLOGY.queue_of(envelope(DeleteGallery(gallery_id="g"))) == writes


def test_galleries_of_one_name_are_kept_apart_by_client() -> None:
    shards = {TOPOLOGY.shard_of(GalleryKey(f"client-{number}", "main_gallery")) for number in range(200)}

    assert shards == set(range(16))


def test_the_shard_of_a_gallery_never_changes() -> None:
    assert [TOPOLOGY.shard_of(GalleryKey("riset.ai@production", f"g{n}")) for n in range(4)] == [10, 12, 6, 0]


def test_a_job_on_all_galleries_goes_to_one_shard() -> None:
    assert TOPOLOGY.queue_of(envelope(ListGalleries())) == TOPOLOGY.queue_of(envelope(ListGalleries()))


@pytest.mark.parametrize("prefix", ["wajah", "trial"])
def test_all_queues_carry_the_prefix_and_differ(prefix: str) -> None:
    topology = Topology(3, prefix=prefix)
    names = [topology.dead_letters, *(queue.name for queue in topology.queues())]

    assert len(set(names)) == 1 + 1 + 1 + 1 + 3 * 2 + 2
    assert all(name.startswith(f"{prefix}.") for name in names)

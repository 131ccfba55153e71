"""Templates that don't open, keys that are missing, and databases of before there was encryption."""

import base64
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs
from wajah.contracts.types import GalleryKey
from wajah.security.key_encryption_keys import GivenKeys, KeyFile, KeysUnfit, NoKeys
from wajah.security.template_encryption import VERSION, is_sealed
from wajah.storage import key_ring
from wajah.storage.connect import open_store
from wajah.storage.encrypted_store import EncryptedStore
from wajah.storage.ports import Face, StoreUnavailable

from tests.contract.storage_samples import MODEL, client_in, face, gallery_in, job


def keys(*numbers: int) -> GivenKeys:
    """The first is current."""
    return GivenKeys(",".join(f"k{n}:{base64.b64encode(bytes([n]) * 32).decode()}" for n in numbers))


async def opened(folder: Path, given: GivenKeys | NoKeys | None = None) -> EncryptedStore:
    store = open_store(f"sqlite:///{folder / 'wajah.db'}", given or keys(1))
    await store.start()
    return store


async def with_faces(store: EncryptedStore, *user_ids: str) -> tuple[GalleryKey, list[Face]]:
    gallery = await gallery_in(store)
    faces = [face(gallery, user_id) for user_id in user_ids]
    for each in faces:
        await store.faces.enrol(each, replace=False)
    return gallery, faces


async def loaded(store: EncryptedStore, gallery: GalleryKey) -> list[str]:
    return [user_id async for batch in store.faces.load(gallery, MODEL) for user_id in batch.user_ids]


def change(folder: Path, statement: str, *parameters: object) -> None:
    with sqlite3.connect(folder / "wajah.db") as connection:
        connection.execute(statement, parameters)
    connection.close()


def templates(folder: Path) -> list[bytes]:
    with sqlite3.connect(folder / "wajah.db") as connection:
        rows = connection.execute("SELECT template FROM faces ORDER BY number").fetchall()
    connection.close()
    return [template for (template,) in rows]


async def test_a_swapped_row_is_skipped_and_told_by_its_id_alone(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    gallery, faces = await with_faces(store, "u1", "u2", "u3")
    change(tmp_path, "UPDATE faces SET template = (SELECT template FROM faces WHERE user_id = 'u1') WHERE user_id = 'u2'")

    with capture_logs() as logs:
        found = await loaded(store, gallery)
        swapped = await store.faces.get(gallery, "u2")

    assert found == ["u1", "u3"]
    assert swapped is None
    assert [log["user_ids"] for log in logs] == [["u2"], ["u2"]]
    assert faces[0].template.tobytes().hex() not in str(logs)
    assert [user_id for user_id, _ in await store.faces.list(gallery)] == ["u1", "u2", "u3"]
    await store.faces.delete(gallery, "u2", job())
    await store.stop()


@pytest.mark.parametrize("damaged", [b"", b"\x01", b"\x02" * 101, b"\x01" * 101, b"\x01" * 102])
async def test_what_is_no_template_is_skipped(tmp_path: Path, damaged: bytes) -> None:
    store = await opened(tmp_path)
    gallery, _ = await with_faces(store, "u1", "u2")
    change(tmp_path, "UPDATE faces SET template = ? WHERE user_id = 'u1'", damaged)

    assert await loaded(store, gallery) == ["u2"]
    await store.stop()


async def test_a_gallery_of_which_nothing_opens_is_empty(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    gallery, _ = await with_faces(store, "u1")
    change(tmp_path, "DELETE FROM data_keys")

    store_again = await opened(tmp_path)
    assert await loaded(store_again, gallery) == []
    await store.stop()
    await store_again.stop()


async def test_a_missing_key_is_told_at_the_start(tmp_path: Path) -> None:
    store = await opened(tmp_path, keys(1))
    await with_faces(store, "u1")
    await store.stop()

    with pytest.raises(KeysUnfit, match="needs 'k1'"):
        await opened(tmp_path, keys(2))


async def test_another_key_of_the_same_name_is_told_at_the_start(tmp_path: Path) -> None:
    store = await opened(tmp_path, keys(1))
    await with_faces(store, "u1")
    await store.stop()

    with pytest.raises(KeysUnfit, match="'k1' is not the key of that name"):
        await opened(tmp_path, GivenKeys(f"k1:{base64.b64encode(bytes(32)).decode()}"))


async def test_one_damaged_data_key_keeps_its_client_alone_waiting(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    damaged, _ = await with_faces(store, "u1")
    sound, _ = await with_faces(store, "u1")
    await store.stop()
    change(tmp_path, "UPDATE data_keys SET wrapped = zeroblob(60) WHERE client_id = ?", damaged.client_id)

    store = await opened(tmp_path)

    assert await loaded(store, sound) == ["u1"]
    with pytest.raises(StoreUnavailable):
        await store.faces.get(damaged, "u1")
    await store.stop()


async def test_without_keys_everything_but_templates_works(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    gallery, _ = await with_faces(store, "u1")
    await store.stop()

    store = await opened(tmp_path, NoKeys())

    assert await store.faces.enrolled(gallery, "u1")
    assert await store.galleries.list(gallery.client_id) == [gallery.gallery_id]
    await client_in(store)
    with pytest.raises(StoreUnavailable):
        await store.faces.get(gallery, "u1")
    with pytest.raises(StoreUnavailable):
        await store.faces.enrol(face(gallery, "u2"), replace=False)
    with pytest.raises(KeysUnfit, match="WAJAH_KEYS"):
        store.require_keys()
    await store.stop()


async def test_a_rotation_leaves_the_templates_and_frees_the_old_key(tmp_path: Path) -> None:
    store = await opened(tmp_path, keys(1))
    galleries = [(await with_faces(store, "u1"))[0] for _ in range(5)]
    await store.stop()
    before = templates(tmp_path)

    store = await opened(tmp_path, keys(2, 1))
    assert await store.ring.rewrap() == 5
    assert await store.ring.rewrap() == 0
    await store.stop()

    assert templates(tmp_path) == before
    store = await opened(tmp_path, keys(2))
    assert [await loaded(store, gallery) for gallery in galleries] == [["u1"]] * 5
    await store.stop()


async def test_faces_of_before_there_was_encryption_are_encrypted_at_the_start(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    gallery, faces = await with_faces(store, *(f"u{n}" for n in range(20)))
    await store.stop()
    for each in faces:
        bare = each.template.tobytes()
        change(tmp_path, "UPDATE faces SET template = ? WHERE user_id = ?", bare, each.user_id)

    store = await opened(tmp_path)
    files = b"".join(file.read_bytes() for file in tmp_path.glob("wajah.db*"))  # noqa: ASYNC240

    assert all(is_sealed(template) and template.startswith(VERSION) for template in templates(tmp_path))
    assert not [each.user_id for each in faces if each.template.tobytes() in files]
    found = [batch async for batch in store.faces.load(gallery, MODEL)]
    np.testing.assert_array_equal(found[0].templates, np.stack([each.template for each in faces]))
    await store.stop()


async def test_a_process_without_keys_leaves_bare_faces_as_they_are(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    _, faces = await with_faces(store, "u1")
    await store.stop()
    change(tmp_path, "UPDATE faces SET template = ?", faces[0].template.tobytes())

    await (await opened(tmp_path, NoKeys())).stop()

    assert templates(tmp_path) == [faces[0].template.tobytes()]


async def test_a_rotation_beside_a_running_platform_needs_no_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'wajah.db'}"
    running, beside = open_store(url), open_store(url)
    await running.start()
    before, _ = await with_faces(running, "u1")
    await beside.start()
    file = beside.ring.keys
    assert isinstance(file, KeyFile)
    [first] = file.read().by_id

    second = file.add()
    assert await beside.ring.rewrap() == 1
    file.remove(first)

    after, _ = await with_faces(running, "u1")
    assert set(await running.ring.used()) == {second}
    assert [await loaded(beside, gallery) for gallery in (before, after)] == [["u1"], ["u1"]]
    await running.stop()
    await beside.stop()


async def test_the_key_of_an_erased_client_is_forgotten_with_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ring, "CACHED_FOR_S", 0.0)
    store = await opened(tmp_path)
    gallery, _ = await with_faces(store, "u1")
    key = await store.ring.current(gallery.client_id)

    await store.registrations.erase(gallery.client_id)

    assert await store.ring.find(gallery.client_id, key.key_id) is None
    await store.stop()


async def test_the_keys_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "CACHED", 3)
    store = await opened(tmp_path)

    galleries = [(await with_faces(store, "u1"))[0] for _ in range(8)]

    assert len(store.ring._known) == 3
    assert [await loaded(store, gallery) for gallery in galleries] == [["u1"]] * 8
    await store.stop()

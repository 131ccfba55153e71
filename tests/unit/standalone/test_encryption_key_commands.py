"""`wajah keys`: rotation re-encrypts data keys alone, and a key that is in use can't be retired."""

from pathlib import Path

import pytest
from wajah.security.key_encryption_keys import KeyFile
from wajah.storage.connect import KEY_FILE
from wajah.storage.encrypted_store import EncryptedStore

from tests.unit.standalone.held import CLIENT, face, fill, on, wajah


@pytest.fixture
def data(tmp_path: Path) -> Path:
    on(tmp_path, fill)
    return tmp_path


def ids(data: Path) -> list[str]:
    return list(KeyFile(data / KEY_FILE).read().by_id)


async def user_ids(store: EncryptedStore) -> list[str]:
    gallery = face("staff", "siti").gallery
    return [user_id async for batch in store.faces.load(gallery, "model") for user_id in batch.user_ids]


def test_a_rotation_makes_a_new_key_current_and_everything_opens(data: Path) -> None:
    [first] = ids(data)

    result = wajah(data, "keys", "rotate")

    assert result.exit_code == 0, result.output
    second = ids(data)[0]
    assert ids(data) == [second, first]
    assert f"{second} is current, and encrypts the data keys of 2 clients" in result.stdout
    assert dict(on(data, lambda store: store.ring.used())) == {second: 2}
    assert on(data, user_ids) == ["siti", "budi"]


def test_a_retired_key_is_gone_and_everything_still_opens(data: Path) -> None:
    [first] = ids(data)
    wajah(data, "keys", "rotate")

    result = wajah(data, "keys", "retire", first)

    assert result.exit_code == 0, result.output
    assert first not in ids(data)
    assert on(data, user_ids) == ["siti", "budi"]


def test_a_key_in_use_is_not_retired(data: Path) -> None:
    [first] = ids(data)

    result = wajah(data, "keys", "retire", first)

    assert result.exit_code == 1
    assert "is in use" in result.stderr
    assert ids(data) == [first]


def test_an_unknown_key_is_not_retired(data: Path) -> None:
    result = wajah(data, "keys", "retire", "nonsense")

    assert result.exit_code == 1
    assert "has no 'nonsense'" in result.stderr


def test_keys_are_listed_with_how_many_clients_they_serve(data: Path) -> None:
    [first] = ids(data)
    wajah(data, "keys", "rotate")
    second = ids(data)[0]

    shown = wajah(data, "keys", "list").stdout.splitlines()

    [current] = [line for line in shown if second in line]
    [former] = [line for line in shown if first in line]
    assert "current" in current
    assert "2" in current.split()[-2]
    assert "current" not in former
    assert "0" in former.split()[-2]


def test_lost_keys_are_one_line_at_the_start(data: Path) -> None:
    [first] = ids(data)
    (data / KEY_FILE).unlink()

    result = wajah(data, "client", "show", CLIENT)

    assert result.exit_code == 1
    assert result.stderr.strip().startswith("encryption keys: ")
    assert "\n" not in result.stderr.strip()
    assert first not in result.stdout


def test_keys_of_the_environment_are_rotated_by_their_first(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (data / KEY_FILE).read_text().splitlines()[-1]
    monkeypatch.setenv("WAJAH_KEYS", f"new:{'A' * 43}=,{text}")

    result = wajah(data, "keys", "rotate")

    assert result.exit_code == 0, result.output
    assert "new is current" in result.stdout
    assert dict(on_environment(data)) == {"new": 2}
    assert "not in a file" in wajah(data, "keys", "retire", "new").stderr


def on_environment(data: Path) -> dict[str, int]:
    lines = wajah(data, "keys", "list").stdout.splitlines()
    return {line.split()[1]: int(line.split()[-2]) for line in lines if "current" in line}

"""Key-encryption keys from a text and from a file, and what is said where they are unfit."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from wajah.security.key_encryption_keys import GivenKeys, KeyFile, KeysUnfit, NoKeys, key_set


def secret(number: int) -> str:
    return base64.b64encode(bytes([number]) * 32).decode()


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys" / "templates")


def test_the_first_key_of_a_text_is_current() -> None:
    keys = key_set(f"# comment, with a comma\n\nk2:{secret(2)}\n k1:{secret(1)},k0:{secret(0)}", "a test")

    assert keys.current.kek_id == "k2"
    assert list(keys.by_id) == ["k2", "k1", "k0"]


@pytest.mark.parametrize(
    "text",
    ["", "# only this", "k1", "k1:", "k1:short", f"k 1:{secret(1)}", f":{secret(1)}", f"k1:{secret(1)}x", "k1:äöü"],
)
def test_a_text_that_is_no_keys_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(KeysUnfit, match=r"^encryption keys: a test ") as unfit:
        key_set(text, "a test")

    assert "\n" not in str(unfit.value)
    assert not text or text not in str(unfit.value)


def test_two_keys_of_one_name_are_refused() -> None:
    with pytest.raises(KeysUnfit, match="'k1' twice"):
        key_set(f"k1:{secret(1)},k1:{secret(2)}", "a test")


def test_a_file_is_made_for_a_new_database_and_for_its_owner_alone(file: KeyFile) -> None:
    file.prepare(set())

    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert len(file.read().by_id) == 1
    assert list(file.path.parent.iterdir()) == [file.path]


def test_a_lost_file_is_not_made_again(file: KeyFile) -> None:
    with pytest.raises(KeysUnfit, match="can't be read"):
        file.prepare({"k1"})

    assert not file.path.exists()


def test_a_file_that_lacks_a_needed_key_is_refused(file: KeyFile) -> None:
    file.prepare(set())

    with pytest.raises(KeysUnfit, match="needs 'k1'"):
        file.prepare({"k1"})


def test_of_processes_that_start_at_once_one_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "templates"

    def start(_: int) -> str:
        file = KeyFile(path)
        file.prepare(set())
        return file.read().current.kek_id

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(start, range(32)))

    assert len(found) == 1


def test_a_key_that_another_process_adds_is_seen_without_a_restart(file: KeyFile) -> None:
    file.prepare(set())
    first = file.read().current.kek_id

    added = KeyFile(file.path).add()

    assert list(file.read().by_id) == [added, first]
    assert file.read().current.kek_id == added


def test_keys_that_are_added_at_once_are_all_kept(file: KeyFile) -> None:
    file.prepare(set())

    with ThreadPoolExecutor(8) as threads:
        added = set(threads.map(lambda _: KeyFile(file.path).add(), range(16)))

    assert added < set(file.read().by_id)
    assert len(file.read().by_id) == 17


def test_a_removed_key_is_gone_and_the_others_stay(file: KeyFile) -> None:
    file.prepare(set())
    first = file.read().current.kek_id
    added = file.add()

    file.remove(first)

    assert list(file.read().by_id) == [added]
    assert file.path.read_text().startswith("#")


def test_given_keys_must_have_what_the_database_needs() -> None:
    keys = GivenKeys(f"k1:{secret(1)}")
    keys.prepare({"k1"})

    with pytest.raises(KeysUnfit, match="needs 'k2', which WAJAH_KEYS does not have"):
        keys.prepare({"k1", "k2"})


def test_without_keys_a_process_starts_but_opens_nothing() -> None:
    keys = NoKeys()

    keys.prepare({"k1"})

    with pytest.raises(KeysUnfit, match="WAJAH_KEYS"):
        keys.read()

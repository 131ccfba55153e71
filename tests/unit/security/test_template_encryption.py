"""Sealed templates open for their own identity and key, and for nothing else."""

import pytest
from wajah.contracts.types import GalleryKey
from wajah.security.template_encryption import (
    OVERHEAD_BYTES,
    DataKey,
    KeyEncryptionKey,
    WillNotOpen,
    WrappedKey,
    identity,
    is_sealed,
    key_id_of,
)

TEMPLATE = bytes(range(64))
SITI = identity(GalleryKey("acme", "staff"), "siti", "model")


@pytest.fixture
def key() -> DataKey:
    return DataKey.new("acme")


def test_a_sealed_template_opens_for_whom_it_was_sealed(key: DataKey) -> None:
    sealed = key.seal(TEMPLATE, SITI)

    assert key.open(sealed, SITI) == TEMPLATE
    assert TEMPLATE not in sealed
    assert len(sealed) == len(TEMPLATE) + OVERHEAD_BYTES


def test_the_same_template_is_never_sealed_alike(key: DataKey) -> None:
    assert key.seal(TEMPLATE, SITI) != key.seal(TEMPLATE, SITI)


@pytest.mark.parametrize(
    "other",
    [
        identity(GalleryKey("acme", "staff"), "budi", "model"),
        identity(GalleryKey("acme", "guests"), "siti", "model"),
        identity(GalleryKey("other", "staff"), "siti", "model"),
        identity(GalleryKey("acme", "staff"), "siti", "another model"),
        identity(GalleryKey("acme", "staffsiti"), "", "model"),
    ],
)
def test_a_row_that_was_moved_does_not_open(key: DataKey, other: bytes) -> None:
    with pytest.raises(WillNotOpen):
        key.open(key.seal(TEMPLATE, SITI), other)


@pytest.mark.parametrize("at", [0, 4, 12, 30, -1])
def test_a_damaged_row_does_not_open(key: DataKey, at: int) -> None:
    sealed = bytearray(key.seal(TEMPLATE, SITI))
    sealed[at] ^= 1

    with pytest.raises(WillNotOpen):
        key.open(bytes(sealed), SITI)


@pytest.mark.parametrize("length", [0, 1, 9, 20, OVERHEAD_BYTES - 1])
def test_a_row_that_was_cut_short_does_not_open(key: DataKey, length: int) -> None:
    with pytest.raises(WillNotOpen):
        key.open(key.seal(TEMPLATE, SITI)[:length], SITI)


def test_another_key_opens_nothing(key: DataKey) -> None:
    with pytest.raises(WillNotOpen):
        DataKey.new("acme").open(key.seal(TEMPLATE, SITI), SITI)


def test_bare_and_sealed_templates_of_any_dimension_are_told_apart(key: DataKey) -> None:
    for dimension in (1, 128, 512):
        bare = bytes(4 * dimension)
        assert not is_sealed(bare)
        assert is_sealed(key.seal(bare, SITI))


def test_a_sealed_template_names_its_key(key: DataKey) -> None:
    assert key_id_of(key.seal(TEMPLATE, SITI)) == key.key_id


def test_a_wrapped_key_comes_back_and_shows_nothing(key: DataKey) -> None:
    kek = KeyEncryptionKey("k1", bytes(32))

    wrapped = key.wrapped_by(kek)

    assert kek.unwrap(wrapped).open(key.seal(TEMPLATE, SITI), SITI) == TEMPLATE
    assert "wrapped" not in repr(wrapped)


def test_a_wrapped_key_opens_for_its_own_client_and_key_only(key: DataKey) -> None:
    kek = KeyEncryptionKey("k1", bytes(32))
    wrapped = key.wrapped_by(kek)

    with pytest.raises(WillNotOpen):
        kek.unwrap(WrappedKey("other", wrapped.key_id, "k1", wrapped.wrapped))
    with pytest.raises(WillNotOpen):
        kek.unwrap(WrappedKey("acme", bytes(8), "k1", wrapped.wrapped))
    with pytest.raises(WillNotOpen):
        KeyEncryptionKey("k1", bytes([1]) * 32).unwrap(wrapped)

"""Under which ids users stand in their galleries."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingress.api.users.address import ListName
from ingress.api.users.lists import OwnList, SharedBlacklist, list_of
from pydantic import TypeAdapter
from wajah.contracts.results import Candidate
from wajah.contracts.types import SHARED_BLACKLIST, GalleryKey, Identifier
from wajah.storage.ports import Api, ApiKey

OWN = OwnList(GalleryKey("acme", "users"))
IDENTIFIER = TypeAdapter(Identifier)

user_ids = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=120)


def found(user_id: str, user_name: str) -> Candidate:
    return Candidate(user_id=user_id, user_name=user_name, similarity=0.9)


@given(user_ids)
def test_every_user_stands_under_an_id_that_the_platform_takes_and_is_told_by_its_own(user_id: str) -> None:
    for listed in (OWN, SharedBlacklist("acme")):
        entry = IDENTIFIER.validate_python(listed.entry(user_id))

        assert listed.user_id(found(entry, user_id)) == user_id


@given(user_ids, user_ids)
def test_two_users_never_share_an_entry(one: str, other: str) -> None:
    for listed in (OWN, SharedBlacklist("acme")):
        assert (listed.entry(one) == listed.entry(other)) == (one == other)


def test_what_the_face_api_enrolled_is_told_by_its_id() -> None:
    assert OWN.user_id(found("1234", "Siti")) == "1234"


@pytest.mark.parametrize(("tenant", "user_id"), [("umbrella", "siti"), ("acm", "esiti"), ('acme","siti', ""), ("", "acme")])
def test_another_tenants_entry_is_nobodys_own(tenant: str, user_id: str) -> None:
    entry = SharedBlacklist(tenant).entry(user_id)

    assert entry != SharedBlacklist("acme").entry("siti")
    assert SharedBlacklist("acme").user_id(found(entry, user_id)) is None


@pytest.mark.parametrize(
    ("name", "gallery"),
    [
        (ListName.COLLECTION, GalleryKey("acme", "vip")),
        (ListName.BLACKLIST, SHARED_BLACKLIST),
        (ListName.WHITELIST, GalleryKey("acme", "whitelist")),
    ],
)
def test_a_key_reaches_its_collection_the_blacklist_and_its_clients_whitelist(name: ListName, gallery: GalleryKey) -> None:
    key = ApiKey("acme", Api.USERS, "wajah_12345678", "vip", datetime.now(UTC))

    assert list_of(key, name).gallery == gallery

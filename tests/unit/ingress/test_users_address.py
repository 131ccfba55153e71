"""What a path under `/users` names."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingress.api.users.address import Address, ListName, address_of
from ingress.api.users.problem import Problem


@pytest.mark.parametrize(
    ("path", "listed", "user_id"),
    [
        (b"/users/a", ListName.COLLECTION, "a"),
        (b"/users/a%2Fb", ListName.COLLECTION, "a/b"),
        (b"/users/blacklist%2Fa", ListName.COLLECTION, "blacklist/a"),
        (b"/users/a+b", ListName.COLLECTION, "a+b"),
        (b"/users/100%", ListName.COLLECTION, "100%"),
        (b"/users/blacklist", ListName.COLLECTION, "blacklist"),
        (b"/users/blacklist/a", ListName.BLACKLIST, "a"),
        (b"/users/whitelist/a", ListName.WHITELIST, "a"),
        (b"/users/%77hitelist/a", ListName.WHITELIST, "a"),
        (b"/%75sers/a", ListName.COLLECTION, "a"),
        (b"/users/%E6%9D%8E", ListName.COLLECTION, "李"),
        ("/users/李".encode(), ListName.COLLECTION, "李"),
    ],
)
def test_a_path_names_a_list_and_a_user(path: bytes, listed: ListName, user_id: str) -> None:
    address = address_of(path)

    assert (address.listed, address.user_id(), address.is_search) == (listed, user_id, False)


@pytest.mark.parametrize("path", [b"/users/search", b"/users/blacklist/search", b"/users/whitelist/%73earch"])
def test_the_word_search_is_the_search(path: bytes) -> None:
    assert address_of(path).is_search


@pytest.mark.parametrize(
    "path",
    [
        b"/users",
        b"/users/",
        b"/users/a/",
        b"/users/a/b",
        b"/users//a",
        b"/users/blacklist/",
        b"/users/blacklist/a/b",
        b"/users/Blacklist/a",
        b"/other/a",
        b"users/a",
        b"",
    ],
)
def test_other_paths_name_nothing(path: bytes) -> None:
    with pytest.raises(Problem) as problem:
        address_of(path)

    assert problem.value.status == 404


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=120))
def test_every_text_survives_its_encoding(user_id: str) -> None:
    assert address_of(f"/users/{quote(user_id, safe='')}".encode()).user_id() == user_id


@pytest.mark.parametrize("segment", [b"\xff", b"\xed\xa0\x80", b"a\x00", b"\x7f", b"\n", b"x" * 121])
def test_what_is_no_text_is_no_id(segment: bytes) -> None:
    with pytest.raises(Problem) as problem:
        Address(ListName.COLLECTION, segment).user_id()

    assert problem.value.status == 400

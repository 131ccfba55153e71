"""The parts of a multipart body, whatever stands in them."""

import random

import pytest
from ingress.api.ktp.form import parts_of
from ingress.api.ktp.refusals import Refused

TYPE = "multipart/form-data; boundary=x-y"


def body(**parts: bytes) -> bytes:
    pieces = (
        b'--x-y\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (k.encode(), v) for k, v in parts.items()
    )
    return b"".join(pieces) + b"--x-y--\r\n"


LIKE_AN_END = [
    b"",
    b"\r\n",
    b"\r\n--",
    b"\r\n--x-",
    b"\r\n--x\r\n--x-\r\n",
    b"--x-y",
    b"\r\n-\r\n--x-z" * 1000,
    b"\x00\xff" * 999,
]


@pytest.mark.parametrize("data", LIKE_AN_END)
def test_a_part_is_what_was_sent_even_where_it_looks_like_an_end(data: bytes) -> None:
    assert parts_of(body(before=b"1", face_image=data, after=b"2"), TYPE) == {
        "before": b"1",
        "face_image": data,
        "after": b"2",
    }


def test_pieces_of_boundaries_anywhere_change_nothing() -> None:
    chance = random.Random(3)
    pieces = [b"\r", b"\n", b"-", b"--", b"x", b"\r\n--x", b"\xff\xd8", b"a" * 100]

    for _ in range(500):
        data = b"".join(chance.choices(pieces, k=40)).replace(b"\r\n--x-y", b"")
        assert parts_of(body(face_image=data), TYPE) == {"face_image": data}


def test_of_two_parts_of_one_name_the_last_counts() -> None:
    twice = body(nik=b"1").removesuffix(b"--x-y--\r\n") + body(nik=b"2")

    assert parts_of(twice, TYPE) == {"nik": b"2"}


def test_a_damaged_form_is_refused_and_nothing_else_happens() -> None:
    chance = random.Random(5)
    whole = body(nik=b"1234", face_image=b"\xff\xd8" * 50)
    statuses = set()

    for _ in range(2000):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            parts_of(bytes(damaged[: chance.randrange(len(damaged))]), TYPE)
        except Refused as refusal:
            statuses.add(refusal.status)

    assert statuses == {400}

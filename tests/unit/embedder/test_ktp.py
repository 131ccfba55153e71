"""Which face is the person, and which the portrait on the identity card."""

from collections.abc import Iterator

import numpy as np
import pytest
from embedder.ktp import person_and_card
from embedder.pipeline import Box, DetectedFace, Image, Pack
from standalone.photographs import Portrait, astronaut, group
from wajah.contracts.errors import Code, WajahError

from tests.identity_cards import card, holding


def face(left: float, top: float, side: float) -> DetectedFace:
    return DetectedFace(Box(left, top, left + side, top + side), 1.0, np.zeros((5, 2), np.float32))


class Scripted:
    """A pack of which only the looking is asked; remembers how many closer looks it took."""

    def __init__(self, *looks: list[DetectedFace]) -> None:
        self._first, *self._closer = looks
        self.taken = 0

    def detect(self, _image: Image) -> list[DetectedFace]:
        return list(self._first)

    def closer_looks(self, _image: Image) -> Iterator[list[DetectedFace]]:
        for faces in self._closer:
            self.taken += 1
            yield faces


NOTHING = np.zeros((8, 8, 3), np.uint8)
PERSON, CARD, BYSTANDER = face(100, 100, 300), face(500, 600, 50), face(700, 50, 90)


def chosen(pack: Scripted) -> tuple[DetectedFace, DetectedFace, int]:
    found = person_and_card(pack, NOTHING)  # type: ignore[arg-type]  # only what is asked of it here
    return found.person, found.card, found.faces


def test_the_larger_face_is_the_person_whichever_is_found_first() -> None:
    pack = Scripted([CARD, PERSON], [BYSTANDER])

    assert chosen(pack) == (PERSON, CARD, 2)
    assert pack.taken == 0


def test_a_second_face_is_looked_for_more_closely_and_no_longer_than_needed() -> None:
    pack = Scripted([PERSON], [], [face(110, 95, 290)], [CARD], [BYSTANDER])

    assert chosen(pack) == (PERSON, CARD, 2)
    assert pack.taken == 3


def test_of_three_faces_the_two_largest_count() -> None:
    assert chosen(Scripted([CARD, PERSON, BYSTANDER])) == (PERSON, BYSTANDER, 3)


@pytest.mark.parametrize(("looks", "told"), [([[]], "not detected"), ([[PERSON], [], [face(120, 120, 260)]], "the card's")])
def test_no_face_and_a_single_one_are_told_apart(looks: list[list[DetectedFace]], told: str) -> None:
    with pytest.raises(WajahError, match=told) as caught:
        chosen(Scripted(*looks))

    assert caught.value.code is Code.FACE_NOT_DETECTED


@pytest.fixture(scope="module")
def people(default_pack: Pack) -> list[Portrait]:
    return [*group(default_pack.detect), astronaut(default_pack.detect)]


@pytest.mark.parametrize("width", [400, 640])
def test_the_default_pack_finds_the_small_portrait_on_a_card(default_pack: Pack, people: list[Portrait], width: int) -> None:
    picture = holding(people[0].image, card(people[-1].image, width=width))

    found = person_and_card(default_pack, picture)

    assert found.person.size > 250
    assert 0.06 * width < found.card.size < 0.16 * width
    assert found.card.box.top > found.person.box.bottom

"""The slot array against a dictionary searched by hand."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matcher.slots import FIRST_ROWS, SlotArray

DIMENSION = 16
CHUNK_ROWS = 8


def template(seed: int) -> npt.NDArray[np.float32]:
    vector = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


def test_an_empty_array_finds_nobody() -> None:
    slots = SlotArray(DIMENSION)

    found = slots.search(np.stack([template(1), template(2)]), k=3)

    assert found == [[], []]


def test_a_face_is_found_with_its_name_and_cosine() -> None:
    slots = SlotArray(DIMENSION)
    slots.put("u1", "One", template(1))
    slots.put("u2", "Two", template(2))

    [[best, second]] = slots.search(template(2)[np.newaxis], k=2)

    assert (best.user_id, best.user_name) == ("u2", "Two")
    assert best.cosine == pytest.approx(1.0, abs=1e-6)
    assert second.cosine == pytest.approx(float(template(1) @ template(2)), abs=1e-6)


def test_asking_for_more_than_there_are_gives_all_best_first() -> None:
    slots = SlotArray(DIMENSION, chunk_rows=CHUNK_ROWS)
    for n in range(20):
        slots.put(f"u{n}", "", template(n))

    [found] = slots.search(template(3)[np.newaxis], k=100)

    assert {match.user_id for match in found} == {f"u{n}" for n in range(20)}
    assert [match.cosine for match in found] == sorted((match.cosine for match in found), reverse=True)


def test_a_removed_face_is_no_candidate_even_where_all_others_are_opposite() -> None:
    slots = SlotArray(DIMENSION)
    for n in range(4):
        slots.put(f"u{n}", "", -template(0))
    slots.put("gone", "", template(0))

    assert slots.remove("gone")

    [found] = slots.search(template(0)[np.newaxis], k=10)
    assert {match.user_id for match in found} == {"u0", "u1", "u2", "u3"}
    assert all(match.cosine == pytest.approx(-1.0, abs=1e-6) for match in found)


def test_removing_an_unknown_face_changes_nothing() -> None:
    slots = SlotArray(DIMENSION)
    slots.put("u1", "", template(1))

    assert not slots.remove("u2")

    assert len(slots) == 1
    assert "u1" in slots


def test_a_removed_template_is_erased_from_memory() -> None:
    slots = SlotArray(DIMENSION)
    slots.put("u1", "", template(1))
    slots.put("u2", "", template(2))

    slots.remove("u1")

    [chunk] = slots._chunks
    assert np.array_equal(chunk[0], template(2))
    assert not chunk[1].any()


def test_a_replaced_face_has_only_its_new_template_and_name() -> None:
    slots = SlotArray(DIMENSION)
    slots.put("u1", "Old", template(1))

    slots.put("u1", "New", template(2))

    assert len(slots) == 1
    match = slots.match("u1", template(2))
    assert match is not None
    assert match.user_name == "New"
    assert match.cosine == pytest.approx(1.0, abs=1e-6)


def test_one_to_one_with_an_unknown_face_gives_nothing() -> None:
    slots = SlotArray(DIMENSION)

    assert slots.match("nobody", template(1)) is None


def test_growing_keeps_what_was_there_and_starts_small() -> None:
    slots = SlotArray(DIMENSION, chunk_rows=4 * FIRST_ROWS)
    slots.put("u0", "", template(0))
    first_bytes = sum(chunk.nbytes for chunk in slots._chunks)

    for n in range(1, 10 * FIRST_ROWS + 1):
        slots.put(f"u{n}", "", template(n))

    assert first_bytes == FIRST_ROWS * DIMENSION * 4
    matches = [slots.match(f"u{n}", template(n)) for n in range(10 * FIRST_ROWS + 1)]
    assert all(match is not None and match.cosine > 0.9999 for match in matches)
    assert [len(chunk) for chunk in slots._chunks] == [4 * FIRST_ROWS] * 3


def test_emptied_chunks_are_given_back() -> None:
    slots = SlotArray(DIMENSION, chunk_rows=CHUNK_ROWS)
    slots.put_many([f"u{n}" for n in range(20)], [""] * 20, np.stack([template(n) for n in range(20)]))

    for n in range(20):
        slots.remove(f"u{n}")

    assert slots._chunks == []
    assert slots.nbytes == 0
    slots.put("again", "", template(1))
    assert len(slots.search(template(1)[np.newaxis], k=1)[0]) == 1


def test_a_batch_that_repeats_a_face_keeps_its_last_template() -> None:
    slots = SlotArray(DIMENSION)

    slots.put_many(["u1", "u1"], ["First", "Second"], np.stack([template(1), template(2)]))

    assert len(slots) == 1
    [[match]] = slots.search(template(2)[np.newaxis], k=5)
    assert (match.user_name, round(match.cosine, 5)) == ("Second", 1.0)


def test_differences_are_missing_renamed_and_altered_faces() -> None:
    slots = SlotArray(DIMENSION)
    for n in range(3):
        slots.put(f"u{n}", f"name {n}", template(n))

    differing = slots.differing(
        ["u0", "u1", "u2", "u3"],
        ["name 0", "another", "name 2", "name 3"],
        np.stack([template(0), template(1), template(9), template(3)]),
    )

    assert differing == ["u1", "u2", "u3"]


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "put many", "remove"]), st.integers(0, 30), st.integers(1, 40)), max_size=60
    ),
    k=st.integers(1, 12),
    probes=st.integers(1, 5),
)
@settings(deadline=None, max_examples=150)
def test_any_history_of_changes_finds_what_a_search_by_hand_finds(
    steps: list[tuple[str, int, int]], k: int, probes: int
) -> None:
    slots = SlotArray(DIMENSION, chunk_rows=CHUNK_ROWS)
    expected: dict[str, npt.NDArray[np.float32]] = {}
    for seed, (what, start, count) in enumerate(steps):
        user_ids = [f"u{n}" for n in range(start, start + (count if what == "put many" else 1))]
        if what == "remove":
            assert slots.remove(user_ids[0]) == (expected.pop(user_ids[0], None) is not None)
            continue
        templates = np.stack([template(1000 * seed + n) for n in range(len(user_ids))])
        expected.update(zip(user_ids, templates, strict=True))
        if what == "put":
            slots.put(user_ids[0], f"name of {user_ids[0]}", templates[0])
        else:
            slots.put_many(user_ids, [f"name of {user_id}" for user_id in user_ids], templates)

    asked = np.stack([template(77_000 + n) for n in range(probes)])
    answers = slots.search(asked, k)

    assert len(slots) == len(expected)
    for probe, found in zip(asked, answers, strict=True):
        by_hand = sorted(((float(vector @ probe), user_id) for user_id, vector in expected.items()), reverse=True)[:k]
        assert [match.user_id for match in found] == [user_id for _, user_id in by_hand]
        assert all(match.user_name == f"name of {match.user_id}" for match in found)
        assert [match.cosine for match in found] == pytest.approx([cosine for cosine, _ in by_hand], abs=1e-5)

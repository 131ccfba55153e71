"""The view of a gallery that keeps bare and masked faces apart."""

import numpy as np
from matcher.by_mask import FacesByMask
from matcher.slots import Match
from wajah.storage.ports import FaceBatch

from tests.unit.matcher.faces import DIMENSION, at_cosine, template


def batch_of(*faces: tuple[str, int, bool]) -> FaceBatch:
    user_ids = [user_id for user_id, _, _ in faces]
    templates = np.stack([template(seed) for _, seed, _ in faces])
    return FaceBatch(
        user_ids,
        [f"name of {each}" for each in user_ids],
        templates,
        np.array([m for *_, m in faces]),
        np.full(len(faces), np.inf),
    )


def test_a_search_tells_the_nearest_of_both_kinds_of_faces() -> None:
    view = FacesByMask(DIMENSION)
    for n, (cosine, masked) in enumerate([(0.9, True), (0.8, True), (0.7, False), (0.6, False), (0.5, True)]):
        view.put(f"u{n}", "", at_cosine(template(1), cosine), masked=masked)

    one, two = view.search(np.stack([template(1), template(1)]), [1, 2])

    assert [(match.user_id, match.masked) for match in one] == [("u2", False), ("u0", True)]
    assert [match.user_id for match in two] == ["u2", "u3", "u0", "u1"]


def test_a_face_that_is_enrolled_anew_stands_on_one_side_only() -> None:
    view = FacesByMask(DIMENSION)

    view.put("u1", "One", template(1), masked=True)
    view.put("u1", "One", template(2))
    view.put_many(batch_of(("u2", 3, False), ("u3", 4, True)))
    view.put_many(batch_of(("u2", 3, True)))

    assert len(view) == 3
    assert view.match("u1", template(2)) == Match("u1", "One", 1.0, masked=False)
    found = view.match("u2", template(3))
    assert found is not None
    assert found.masked


def test_a_removed_face_is_gone_from_either_side() -> None:
    view = FacesByMask(DIMENSION)
    view.put_many(batch_of(("u1", 1, False), ("u2", 2, True)))

    assert view.remove("u1")
    assert view.remove("u2")
    assert not view.remove("u2")
    assert len(view) == view.nbytes == 0
    assert view.search(template(1)[np.newaxis], [5]) == [[]]


def test_a_face_whose_mask_the_store_knows_otherwise_differs() -> None:
    view = FacesByMask(DIMENSION)
    stored = batch_of(("u1", 1, False), ("u2", 2, True))
    view.put_many(stored)

    assert view.differing(stored) == []
    assert view.differing(batch_of(("u1", 1, True), ("u2", 2, True))) == ["u1"]

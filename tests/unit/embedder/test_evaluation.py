"""The measuring instrument, measured: on templates whose rates one can count by hand, and on real faces."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from embedder.dlib_pack import DlibPack
from embedder.evaluation import Gathered, NotAFaceFolder, Seen, evaluate, gather, measure
from embedder.pipeline import Image

from tests.unit.embedder.measuring_data import measuring_data


def ignore(_what: str, _done: float) -> None:
    """No progress bar."""


def folder_of(root: Path, people: dict[str, int]) -> Path:
    for person, pictures in people.items():
        (root / person).mkdir()
        for number in range(pictures):
            (root / person / f"{number}.png").touch()
    return root


def unit(*values: float) -> np.ndarray:
    return np.array(values, np.float32) / np.float32(np.linalg.norm(values))


def gathered(templates: list[np.ndarray], people: list[int]) -> Gathered:
    owners = np.array(people)
    first = np.concatenate([[True], np.diff(owners) != 0])
    return Gathered(np.stack(templates), owners, first, (), np.arange(len(owners)), np.zeros(len(owners), bool))


def test_pairs_are_all_of_one_person_and_the_first_pictures_of_two(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"ani": 3, "budi": 2, "citra": 1})
    directions = {"ani": unit(1, 0, 0), "budi": unit(0, 1, 0), "citra": unit(0, 0, 1)}

    result = gather(lambda path: Seen(directions[path.parent.name], False), folder, threads=2, progress=ignore)

    assert len(result.genuine()) == 3 + 1
    assert len(result.impostor()) == 3
    assert np.allclose(result.genuine(), 1)
    assert np.allclose(result.impostor(), 0)


def test_pictures_without_a_face_are_listed_and_the_next_one_comes_first(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"ani": 2, "budi": 2})

    result = gather(
        lambda path: None if path == folder / "ani" / "0.png" else Seen(unit(1, 0), True), folder, threads=2, progress=ignore
    )

    assert result.missed == (folder / "ani" / "0.png",)
    assert result.first.tolist() == [True, True, False]
    assert result.pictures.tolist() == [1, 2, 3]
    assert result.masked.all()


def test_progress_reaches_one(tmp_path: Path) -> None:
    done: list[float] = []

    gather(
        lambda _: Seen(unit(1, 0), False),
        folder_of(tmp_path, {"ani": 2, "budi": 1}),
        threads=1,
        progress=lambda _, part: done.append(part),
    )

    assert done == pytest.approx([1 / 3, 2 / 3, 1.0])


def test_rates_are_what_one_counts_by_hand(default_pack: DlibPack) -> None:
    mated = [
        unit(1, 0, 0, 0),
        unit(1, 0.1, 0, 0),
        unit(0, 1, 0, 0),
        unit(1, 0.2, 0, 0),
        unit(0, 0, 1, 0),
        unit(0, 0, 1, 0.1),
    ]
    stranger = unit(0, 0, 0.3, 1)

    result = measure(gathered([*mated, stranger], [0, 0, 1, 1, 2, 2, 3]), default_pack)

    assert (result.mated_people, result.strangers, result.pictures) == (3, 1, 7)
    assert len(result.genuine) == 3
    assert result.rank_1 == pytest.approx(2 / 3)  # the second picture of person 1 looks like person 0
    assert result.tpir == pytest.approx(2 / 3)
    assert result.tar_at_fmr[1e-3] == pytest.approx(2 / 3)
    assert result.fmr_at_default == 0
    assert result.tar_at_default == pytest.approx(2 / 3)


def test_without_strangers_there_is_no_open_set_rate(default_pack: DlibPack) -> None:
    result = measure(gathered([unit(1, 0), unit(1, 0), unit(0, 1), unit(0, 1)], [0, 0, 1, 1]), default_pack)

    assert result.tpir is None
    assert result.rank_1 == 1.0


@pytest.mark.parametrize("people", [{}, {"ani": 2}])
def test_a_folder_without_two_people_is_refused(tmp_path: Path, people: dict[str, int]) -> None:
    with pytest.raises(NotAFaceFolder, match="two people"):
        gather(lambda _: Seen(unit(1, 0), False), folder_of(tmp_path, people), threads=1, progress=ignore)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAFaceFolder, match="No such file"):
        gather(lambda _: Seen(unit(1, 0), False), tmp_path / "nowhere", threads=1, progress=ignore)


def test_only_strangers_are_not_enough(default_pack: DlibPack) -> None:
    with pytest.raises(NotAFaceFolder, match="two pictures"):
        measure(gathered([unit(1, 0), unit(0, 1)], [0, 1]), default_pack)


def test_a_whole_pack_is_measured_on_pictures(
    tmp_path: Path, default_pack: DlibPack, astronaut_bgr: Image, six_people: Image
) -> None:
    folder = folder_of(tmp_path, {"eileen": 0, "others": 0, "nobody": 0})
    cv2.imwrite(str(folder / "eileen" / "1.png"), astronaut_bgr)
    cv2.imwrite(str(folder / "eileen" / "2.jpg"), astronaut_bgr[:300, 100:400])
    cv2.imwrite(str(folder / "others" / "1.jpg"), six_people)
    (folder / "nobody" / "1.jpg").write_bytes(b"not a picture")

    result = evaluate(default_pack, folder, threads=2, progress=ignore)

    assert (result.mated_people, result.strangers) == (1, 1)
    assert result.missed == (folder / "nobody" / "1.jpg",)
    assert result.tar_at_default == 1.0
    assert result.fmr_at_default == 0.0


def test_the_default_pack_keeps_its_promise(default_pack: DlibPack) -> None:
    faces = measuring_data("faces", "accuracy of the default pack")

    result = evaluate(default_pack, faces, threads=2, progress=ignore)

    assert result.missed == ()
    assert result.tar_at_fmr[1e-3] >= 0.96
    assert 0.2e-4 < result.fmr_at_default < 3e-4
    assert result.rank_1 > 0.97

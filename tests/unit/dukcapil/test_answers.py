"""What Dukcapil answers is never trusted: whatever it is, it becomes a result, a fault or a code."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from dukcapil.answers import answer_of, comparison_in, found_in
from dukcapil.elements import ElementReader
from dukcapil.settings import DukcapilSettings
from wajah.contracts.errors import WajahError
from wajah.upstream.faults import Fault, Unreadable
from wajah.upstream.transport import Received

from tests.stand_ins.dukcapil.contract import biographic, comparison, identification

PEOPLE = {f"31750317084500{number:02}": 20.0 - number for number in range(1, 12)}
DOCUMENTED = [
    identification(6018, PEOPLE, "7.0"),
    *(identification(code, {}, "7.0") for code in (5001, 5002, 5003, 5004, 5005, 5006, 6014, 6019)),
    *(comparison(code, "9.88") for code in (6018, 6019, 6020, 5001)),
    biographic(("SITI", "17-08-1945"), "3175035708450001", "SITI", "17-08-1945"),
]
ODD: list[Any] = [None, True, -1, 1e308, "", "NaN", "6018", [], {}, [[]], "\x00", "9" * 5000, {"errorCode": 6018}]
READERS: list[Callable[[Received], Any]] = [
    lambda received: found_in(answer_of(received)),
    lambda received: comparison_in(answer_of(received)),
    ElementReader(DukcapilSettings()).read,
]


def received(told: Any, status: int = 200) -> Received:
    return Received(status, told if isinstance(told, bytes) else json.dumps(told).encode())


def test_no_more_than_ten_are_taken_and_they_are_the_best() -> None:
    found = found_in(answer_of(received(identification(6018, PEOPLE, "7.0"))))

    assert [each.score for each in found] == [19.0 - number for number in range(10)]


@pytest.mark.parametrize("code", ["6018", 6018, " 6018 "])
def test_a_code_is_one_as_text_and_as_a_number(code: str | int) -> None:
    inside = comparison(6018, "9.5") | {"error": {"errorCode": code, "errorMessage": "Sukses"}}

    compared = comparison_in(answer_of(received(inside)))

    assert compared is not None
    assert compared.score == 9.5
    assert found_in(answer_of(received(identification(6018, PEOPLE, "7.0") | {"errorCode": code})))


@pytest.mark.parametrize("score", ["20.01", "-0.1", "NaN", "inf", "", "ten", None, True, [9.5]])
def test_a_score_outside_0_to_20_is_none(score: Any) -> None:
    with pytest.raises(Unreadable):
        comparison_in(answer_of(received(comparison(6018, "0") | {"matchScore": score})))


@pytest.mark.parametrize("read", READERS)
def test_whatever_is_wrong_with_an_answer_is_a_fault_or_a_code(read: Callable[[Received], Any]) -> None:
    chance = random.Random(7)

    for _ in range(3000):
        told = _damaged(chance, json.loads(json.dumps(chance.choice(DOCUMENTED))))
        try:
            read(received(told, chance.choice([200, 200, 200, 404, 500])))
        except (Fault, WajahError):
            continue


def _damaged(chance: random.Random, told: dict[str, Any]) -> Any:
    """A documented answer with a field changed or gone, deeper down, or its bytes cut or overwritten."""
    field = chance.choice(list(told))
    match chance.randrange(6):
        case 0:
            del told[field]
        case 1:
            told[field] = chance.choice(ODD)
        case 2 if isinstance(told[field], dict | list):
            told[field] = [told[field], told[field]]
        case 3 if isinstance(told.get("response"), str):
            told["response"] = json.dumps({"face": {"FACE_T5": {chance.choice(["", "x y", "1" * 99]): chance.choice(ODD)}}})
        case 4:
            raw = json.dumps(told).encode()
            return raw[: chance.randrange(len(raw))]
        case 5:
            raw = bytearray(json.dumps(told).encode())
            for _ in range(4):
                raw[chance.randrange(len(raw))] = chance.randrange(256)
            return bytes(raw)
    return told

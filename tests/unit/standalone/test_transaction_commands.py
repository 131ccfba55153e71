"""`wajah transactions`: lists and filters, as a table or as JSON."""

import json
from pathlib import Path

import pytest

from tests.unit.standalone.held import fill, on, wajah


@pytest.fixture
def data(tmp_path: Path) -> Path:
    on(tmp_path, fill)
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], [4, 3, 2, 1]),
        (["--client", "acme"], [3, 2, 1]),
        (["--trx-id", "t1"], [1]),
        (["--user", "budi"], [3]),
        (["--outcome", "411"], [2]),
        (["--outcome", "200", "--client", "acme"], [3, 1]),
        (["--since", "2026-03-01T15:00:00"], [4, 3]),
        (["--until", "2026-03-01T21:00:00+07:00"], [1]),
        (["--since", "2026-03-02"], []),
        (["--limit", "2"], [4, 3]),
    ],
)
def test_records_are_listed_newest_first_and_filtered(data: Path, asked: list[str], expected: list[int]) -> None:
    result = wajah(data, "transactions", "--json", *asked)

    assert result.exit_code == 0, result.output
    assert [each["job_id"] for each in json.loads(result.stdout)] == [f"job {number}" for number in expected]


def test_json_has_every_field(data: Path) -> None:
    [record] = json.loads(wajah(data, "transactions", "--json", "--trx-id", "t1").stdout)

    assert record == {
        "job_id": "job 1",
        "job": "verify",
        "client_id": "acme",
        "trx_id": "t1",
        "code": "200",
        "gallery_id": "staff",
        "user_id": "siti",
        "similarity": 0.875,
        "model_id": "model",
        "timings_ms": {"embed": 10.0, "match.verify": 1.5},
        "at": "2026-03-01T13:00:00+00:00",
        "quality": None,
    }


def test_the_table_shows_who_asked_what_and_how_it_ended(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    lines = wajah(data, "transactions", "--client", "acme").stdout.splitlines()

    [line] = [line for line in lines if "t1" in line]
    for told in ("2026-03-01 13:00:00", "acme", "verify", "200", "staff", "siti", "0.875", "12"):
        assert told in line
    assert len([line for line in lines if "verify" in line]) == 3


def test_an_unknown_outcome_is_refused(data: Path) -> None:
    assert wajah(data, "transactions", "--outcome", "999").exit_code == 2

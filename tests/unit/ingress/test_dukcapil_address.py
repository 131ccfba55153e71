"""Paths of the Dukcapil FR API, and the days that its calls count towards."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from ingress.api.dukcapil.address import Address, Method, address_of, is_dukcapil, method_of
from ingress.api.dukcapil.quota_day import quota_day

PREFIX = "/api/face-recognition"


@pytest.mark.parametrize(
    ("path", "customer_id", "method"),
    [
        ("/bank/CALL_FN", "bank", Method.SEARCH),
        ("/bank/call_fn", "bank", Method.SEARCH),
        ("/bank/CALL_FR", "bank", Method.VERIFY),
        ("/dukcapil/bank/CALL_FR", "bank", Method.VERIFY),
        ("/dukcapil/bank/cAlL_fR", "bank", Method.VERIFY),
        ("/dukcapil/CALL_FN", "dukcapil", Method.SEARCH),
        ("/a%2Fb%20c/CALL_FN", "a/b c", Method.SEARCH),
    ],
)
def test_a_path_names_an_institution_and_a_method(path: str, customer_id: str, method: Method) -> None:
    assert address_of(PREFIX + path) == Address(customer_id, method)


@pytest.mark.parametrize(
    "path",
    ["", "/", "/bank", "/bank/", "/bank/CALL", "/bank/CALL_FN/", "//CALL_FN", "/dukcapil//CALL_FR", "/x/bank/CALL_FR"],
)
def test_other_paths_name_nothing(path: str) -> None:
    assert address_of(PREFIX + path) is None


def test_the_shape_of_a_fault_follows_from_the_last_segment() -> None:
    assert method_of(f"{PREFIX}/dukcapil/bank/call_fr") is Method.VERIFY
    assert method_of(f"{PREFIX}/bank/CALL_FN") is Method.SEARCH
    assert method_of(f"{PREFIX}/bank") is Method.SEARCH


def test_only_what_is_under_the_prefix_is_its_own() -> None:
    assert is_dukcapil(PREFIX)
    assert is_dukcapil(f"{PREFIX}/x")
    assert not is_dukcapil(f"{PREFIX}s/x")


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 1, 16, 59, 59, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 17, 0, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2026, 3, 2, 1, 0, tzinfo=timezone(timedelta(hours=9))), date(2026, 3, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_jakarta(at: datetime, day: date) -> None:
    assert quota_day(at) == day

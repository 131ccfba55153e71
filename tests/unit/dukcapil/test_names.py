"""Which names are one, and which are two."""

import time

import pytest
from dukcapil.names import same_name

SAME = [
    ("Siti Nuraini", "SITI NURAINI"),
    ("  siti   nuraini ", "Siti Nuraini"),
    ("Siti\u00a0Nuraini", "Siti Nuraini"),
    ("Sitinuraini", "Siti Nuraini"),
    ("Abdul Rahman", "ABDULRAHMAN"),
    ("Nur'aini", "Nuraini"),
    ("Nur’aini", "NURAINI"),
    ("Al-Fatih", "Al Fatih"),
    ("Andi, S.Pd.", "ANDI S PD"),
    ("Muh. Rizki", "Muhammad Rizki"),
    ("Muh Rizki", "MUHAMAD RIZKI"),
    ("Muh.Rizki", "Muhammad Rizki"),
    ("M. Rizki", "Muhammad Rizki"),
    ("M Rizki", "Mohamad Rizki"),
    ("M. Rizki", "Muh. Rizki"),
    ("Moh. Rizki", "Mohammad Rizki"),
    ("Moch. Rizki", "Mochamad Rizki"),
    ("Mhd. Rizki", "Muhammad Rizki"),
    ("St. Aminah", "Siti Aminah"),
    ("ST AMINAH", "Sitti Aminah"),
    ("Abd. Rahman", "Abdul Rahman"),
    ("Ahmad Muh. Rizki", "Ahmad Muhammad Rizki"),
    ("M. Abd. Rahman", "Muhammad Abdul Rahman"),
    ("José", "JOSE"),
]
DIFFERENT = [
    ("Siti Nuraini", "Siti Aminah"),
    ("Siti Nuraini", "Siti Nurain"),
    ("Muhamad Rizki", "Mohammad Rizki"),  # two spellings, both written out
    ("Muh. Rizki", "Mohammad Rizki"),
    ("Rizki M.", "Rizki Muhammad"),  # an initial at the end may be anything
    ("Agus St.", "Agus Siti"),
    ("M. Rizki", "Maria Rizki"),
    ("Rizki", "Muhammad Rizki"),
    ("S. Aminah", "Siti Aminah"),
    ("Nuraini Siti", "Siti Nuraini"),
    ("", ""),
    ("...", "---"),
    ("", "Siti"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_are_one_name(one: str, other: str) -> None:
    assert same_name(one, other)
    assert same_name(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_these_are_two(one: str, other: str) -> None:
    assert not same_name(one, other)
    assert not same_name(other, one)


def test_a_name_of_nothing_but_abbreviations_takes_no_time() -> None:
    started = time.perf_counter()

    assert same_name("M. " * 40, "Muhammad " + "M. " * 39)

    assert time.perf_counter() - started < 1

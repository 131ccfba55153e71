"""What has the structure of a NIK, and what has not."""

import pytest
from pydantic import ValidationError
from wajah.contracts.jobs import VerifyKtp
from wajah.contracts.nik import is_nik

MAN = "3175031708450001"  # 17 August 1945, Jakarta


@pytest.mark.parametrize(
    "nik",
    [
        MAN,
        "3175035708450001",  # a woman: the day is +40
        "1101010101000001",
        "9601017112999999",  # 31 December, a woman
        "3175032902000001",  # 29 February 2000
        "3175032902040001",  # 29 February 2004; 1904 would do as well
    ],
)
def test_a_nik_has_a_place_a_birth_date_and_a_number(nik: str) -> None:
    assert is_nik(nik)


@pytest.mark.parametrize(
    "text",
    [
        "",
        MAN[:-1],
        MAN + "0",
        f" {MAN[1:]}",
        MAN.replace("3", "x", 1),
        MAN.replace("1", "١", 1),  # a digit, but not one of ASCII
        f"{MAN}\n",
        "0075031708450001",  # no such province
        "2075031708450001",
        "3100031708450001",  # no such regency
        "3175001708450001",  # no such district
        "3175030008450001",  # no such day
        "3175033208450001",
        "3175034008450001",
        "3175037208450001",
        "3175033004450001".replace("3004", "3104"),  # 31 April
        "3175032902010001",  # 29 February of no leap year
        "3175031700450001",  # no such month
        "3175031713450001",
        "3175031708450000",  # serial numbers begin at 1
    ],
)
def test_nothing_else_is_one(text: str) -> None:
    assert not is_nik(text)


def test_a_job_with_another_number_is_refused_without_quoting_it() -> None:
    with pytest.raises(ValidationError) as refusal:
        VerifyKtp.model_validate({"nik": "1234567890123456", "name": "Siti", "birth_date": "1999-02-01", "image": b""})

    assert "1234567890123456" not in str(refusal.value)

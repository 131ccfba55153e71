"""The codes of the API, and what is told with each."""

from enum import IntEnum
from typing import Final


class Outcome(IntEnum):
    GATEWAY_BUSY = 5000
    """Refused before any face was looked at."""
    NO_SUCH_ACCOUNT = 5001
    QUOTA_USED_UP = 5002
    WRONG_IP = 5003
    PARAMETERS_MISSING = 5004
    WRONG_THRESHOLD = 5005
    NOT_DECRYPTED = 5006
    WRONG_FORMAT = 6006
    BUSY = 6014
    """The recognition did not answer."""
    IMAGE_NOT_PROCESSED = 6015
    SUCCESS = 6018
    NO_MATCH = 6019
    NIK_NOT_FOUND = 6020
    WRONG_PASSWORD = 9002


TEXTS: Final[dict[Outcome, str]] = {
    Outcome.GATEWAY_BUSY: "Sistem Sedang Sibuk",
    Outcome.NO_SUCH_ACCOUNT: "Akun tidak ditemukan",
    Outcome.QUOTA_USED_UP: "Kuota Hari Ini Habis, Silahkan Dicoba Esok Hari",
    Outcome.WRONG_IP: "IP Tidak Sesuai",
    Outcome.PARAMETERS_MISSING: "Parameter tidak sesuai",
    Outcome.WRONG_THRESHOLD: "Threshold tidak sesuai.",
    Outcome.NOT_DECRYPTED: "Data gagal di decrypt",
    Outcome.WRONG_FORMAT: "Format data tidak sesuai",
    Outcome.BUSY: "Sistem Sedang Sibuk",
    Outcome.IMAGE_NOT_PROCESSED: "Gambar tidak dapat diproses",
    Outcome.SUCCESS: "Sukses",
    Outcome.NO_MATCH: "Data tidak ditemukan",
    Outcome.NIK_NOT_FOUND: "NIK tidak ditemukan",
    Outcome.WRONG_PASSWORD: "Password salah",
}


class Refusal(Exception):
    """A call that ends before a face was compared."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(f"{outcome.value} {TEXTS[outcome]}")

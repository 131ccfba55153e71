"""Dukcapil's answers as its document prints them."""

import json
from collections.abc import Mapping
from typing import Any, Final

MESSAGES: Final = {
    5000: "Sistem Sedang Sibuk",
    5001: " Akun tidak ditemukan ",
    5002: "Kuota Hari Ini Habis, Silahkan Dicoba Esok Hari",
    5003: "IP Tidak Sesuai",
    5004: "Parameter tidak sesuai",
    5005: " Threshold tidak sesuai.",
    5006: "Data gagal di decrypt",
    6006: "Format data salah",
    6014: "Sistem Sedang Sibuk",
    6015: "Gambar tidak dapat diproses",
    6018: "Sukses",
    6019: "Tidak ditemukan data yang cocok",
    6020: "NIK tidak ditemukan",
    9002: "Password salah",
}
OBJECTS: Final = frozenset({5001, 5005, 9002})
"""Codes whose answer has the shape of 1:1 answers, in 1:N too."""


def identification(code: int, found: Mapping[str, float], threshold: str) -> dict[str, Any]:
    """A 1:N answer: codes are text, and the people are JSON inside a string."""
    if code in OBJECTS:
        return comparison(code, "0")
    told = {
        "tid": None if code == 5004 else "0211202201",
        "encounter_id": None,
        "error": MESSAGES.get(code, "Galat"),
        "errorCode": str(code),
        "finger_data": None,
        "iris_data": None,
        "face_data": None,
        "request_type": "Identification",
        "maxResults": 10,
        "faceThreshold": threshold if code in {6018, 6019, 6014} else "0",
        "fingerThreshold": 0,
        "irisThreshold": 0,
    }
    people = dict(found) if code == 6018 else {}
    return told if code == 5004 else told | {"response": json.dumps({"face": {"FACE_T5": people}})}


def comparison(code: int, score: str) -> dict[str, Any]:
    """A 1:1 answer: the code is a number inside `error`, everything else text."""
    return {
        "error": {"errorCode": code, "errorMessage": MESSAGES.get(code, "Galat")},
        "httpResponseCode": "200",
        "matchScore": score,
        "transactionId": "nxGen NBAP TestTool",
        "uid": "7301010xxxxxxxxx",
        "verificationResult": "true" if code == 6018 else "false",
        "quotaLimiter": "80",
    }


def biographic(known: tuple[str, str] | None, nik: str, name: str, birth_date: str) -> dict[str, Any]:
    """The check by element."""
    if known is None:
        return {"content": [{"RESPON": "Data Tidak Ditemukan"}]}
    elements = {
        "NIK": nik,
        "NAMA_LGKP": "Sesuai (100)" if known[0] == name else "Tidak Sesuai (30)",
        "TGL_LHR": "Sesuai" if known[1] == birth_date else "Tidak Sesuai",
    }
    return {"content": [elements], "lastPage": True, "numberOfElements": 1, "quotaLimiter": 991}

"""Faces, masks and real model packs that some checkouts have beside them; never a part of the project."""

import os
from pathlib import Path

import pytest

from tests.servers.reporting import report_not_run

_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[3].parent / "shared"


def measuring_data(part: str, what: str) -> Path:
    """The folder `part` of `$WAJAH_MEASURING_DATA`; where it is absent the test is passed over, and `what` reported."""
    folder = Path(os.environ.get("WAJAH_MEASURING_DATA", _BESIDE_THE_CHECKOUT)) / part
    if not folder.is_dir():
        report_not_run(what, f"no folder {part} in $WAJAH_MEASURING_DATA")
        pytest.skip(f"{folder} is absent")
    return folder

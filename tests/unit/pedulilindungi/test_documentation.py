"""The connector's page names every setting of its own, with the default that holds."""

import json
import re
from pathlib import Path

from pedulilindungi.settings import PeduliLindungiSettings
from wajah.contracts.errors import Code

PAGE = (Path(__file__).parents[3] / "docs" / "pedulilindungi.md").read_text(encoding="utf-8")


def test_every_setting_is_documented() -> None:
    named = set(re.findall(r"`WAJAH_(PL_\w+)`", PAGE))

    assert {name.upper() for name in PeduliLindungiSettings.model_fields if name.startswith("pl_")} <= named


def test_the_documented_defaults_hold() -> None:
    rows = dict(re.findall(r"^\| `WAJAH_(PL_\w+)` \| `([^`]+)` \|", PAGE, re.MULTILINE))

    assert len(rows) > 10
    for name, told in rows.items():
        default = PeduliLindungiSettings.model_fields[name.lower()].default
        if isinstance(default, str):
            assert told == default, name
        else:
            assert json.loads(told) == (sorted(default) if isinstance(default, frozenset) else default), name


def test_every_code_is_documented() -> None:
    assert {code.value for code in Code if code.name.startswith("PL_")} == set(
        re.findall(r"^\| (6\d\d) \|", PAGE, re.MULTILINE)
    )

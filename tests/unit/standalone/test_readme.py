"""The README names every setting, and its default is the one that holds."""

import re
from pathlib import Path

import pytest
from embedder.settings import EmbedderSettings
from ingress.settings import IngressSettings
from matcher.settings import MatcherSettings
from pydantic_settings import BaseSettings

README = Path(__file__).parents[3] / "README.md"


@pytest.mark.parametrize("settings", [IngressSettings, EmbedderSettings, MatcherSettings])
def test_every_setting_is_in_the_readme(settings: type[BaseSettings]) -> None:
    named = set(re.findall(r"`WAJAH_(\w+)`", README.read_text(encoding="utf-8")))

    assert {name.upper() for name in settings.model_fields} <= named


@pytest.mark.parametrize("settings", [IngressSettings, EmbedderSettings, MatcherSettings])
def test_the_readmes_numbers_are_the_defaults(settings: type[BaseSettings]) -> None:
    rows = dict(re.findall(r"^\| `WAJAH_(\w+)` \| `([\d.]+)` \|", README.read_text(encoding="utf-8"), re.MULTILINE))

    for name, field in settings.model_fields.items():
        if name.upper() in rows:
            assert float(rows[name.upper()]) == float(field.default), name

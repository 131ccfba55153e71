"""What the connector can be told, and what it refuses."""

import pytest
from pedulilindungi.settings import PeduliLindungiSettings
from pydantic import ValidationError


@pytest.mark.parametrize("url", ["http://pedulilindungi.example", "ftp://pedulilindungi.example", "pedulilindungi.example"])
def test_an_address_without_tls_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="https"):
        PeduliLindungiSettings(pl_url=url)


def test_a_stand_in_may_go_without_tls() -> None:
    assert PeduliLindungiSettings(pl_url="http://127.0.0.1:8090", pl_stand_in=True).pl_url == "http://127.0.0.1:8090"


def test_credentials_are_not_printed() -> None:
    settings = PeduliLindungiSettings.model_validate({"pl_client_secret": "do not tell", "pl_token": "nor this"})

    assert "do not tell" not in repr(settings)
    assert "nor this" not in repr(settings)

"""What the connector refuses to be started with."""

import pytest
from dukcapil.account import Account
from dukcapil.settings import DukcapilSettings
from pydantic import ValidationError
from wajah.security.rsa_credentials import KeyUnfit, fingerprint, new_private_key

from tests.stand_ins.dukcapil.serving import StandIn


def test_nothing_needs_to_be_set_where_dukcapil_is_not_asked() -> None:
    assert DukcapilSettings().ktp_registry == "register"


@pytest.mark.parametrize(
    "missing",
    ["dukcapil_customer_id", "dukcapil_user_id", "dukcapil_password", "dukcapil_public_key", "dukcapil_key_sha256"],
)
async def test_an_address_needs_an_account_and_a_key(there: StandIn, missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        there.settings(**{missing: None if missing == "dukcapil_public_key" else ""})


async def test_plain_http_has_to_be_asked_for(there: StandIn) -> None:
    with pytest.raises(ValidationError, match="plain http"):
        there.settings(dukcapil_plain_http=False)


async def test_a_refusal_does_not_tell_the_password(there: StandIn) -> None:
    with pytest.raises(ValidationError) as refusal:
        there.settings(dukcapil_plain_http=False)

    assert there.state.password not in str(refusal.value)


async def test_another_key_than_the_one_agreed_on_is_refused(there: StandIn) -> None:
    other = fingerprint(new_private_key().public_key())

    with pytest.raises(KeyUnfit, match="fingerprint"):
        Account.of(there.settings(dukcapil_key_sha256=other))


async def test_what_is_no_key_is_refused(there: StandIn) -> None:
    settings = there.settings()
    assert settings.dukcapil_public_key is not None
    settings.dukcapil_public_key.write_text("-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----\n")

    with pytest.raises(KeyUnfit):
        Account.of(settings)

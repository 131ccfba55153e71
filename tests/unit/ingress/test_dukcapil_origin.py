"""Where a call of the Dukcapil FR API comes from."""

import pytest
from ingress.api.dukcapil.origin import is_within, networks_of, origin_of
from ingress.settings import IngressSettings
from pydantic import ValidationError
from starlette.requests import Request

PROXIES = networks_of(["10.0.0.0/8", "2001:db8:1::/48"])


def request_from(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return Request({"type": "http", "client": None if peer is None else (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("198.51.100.1",), "192.0.2.1"),
        ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("192.0.2.9, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("192.0.2.9", "198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", ("198.51.100.1, 10.0.0.2 ,10.0.0.3",), "198.51.100.1"),
        ("10.0.0.1", ("10.0.0.9",), "10.0.0.9"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1, unknown",), None),
        ("10.0.0.1", ("198.51.100.1:1234",), None),
        ("10.0.0.1", ("",), None),
        ("2001:db8:1::1", ("2001:db8:2::1",), "2001:db8:2::1"),
        ("::ffff:10.0.0.1", ("::ffff:198.51.100.1",), "198.51.100.1"),
        ("a unix socket", (), None),
        (None, ("198.51.100.1",), None),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer: str | None, forwarded: tuple[str, ...], origin: str | None) -> None:
    found = origin_of(request_from(peer, *forwarded), PROXIES)

    assert (None if found is None else str(found)) == origin


def test_an_address_is_within_networks_of_its_own_version() -> None:
    address = origin_of(request_from("192.0.2.1"), ())
    assert address is not None

    assert is_within(address, networks_of(["2001:db8::/32", "192.0.2.0/24"]))
    assert is_within(address, networks_of(["192.0.2.1"]))
    assert not is_within(address, networks_of(["192.0.2.2", "::/0"]))
    assert not is_within(address, ())


def test_trusted_proxies_are_addresses_or_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAJAH_DUKCAPIL_TRUSTED_PROXIES", '["10.0.0.1", "2001:db8::/32"]')

    assert IngressSettings().dukcapil_trusted_proxies == set(networks_of(["10.0.0.1", "2001:db8::/32"]))
    for wrong in ('["10.0.0.1/8"]', '["proxy"]'):
        monkeypatch.setenv("WAJAH_DUKCAPIL_TRUSTED_PROXIES", wrong)
        with pytest.raises(ValidationError):
            IngressSettings()

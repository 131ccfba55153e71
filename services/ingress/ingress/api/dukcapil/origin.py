"""Where a call comes from: the peer's address, or what a trusted proxy says of it. Never what the caller says."""

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.requests import Request

HEADER: Final = "x-forwarded-for"

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses or networks in CIDR. Raises ValueError."""
    return tuple(ip_network(text) for text in texts)


def origin_of(request: Request, trusted: Collection[Network]) -> Address | None:
    """The last address on the way here that is not a trusted proxy's; None where that can't be told."""
    if request.client is None:
        return None
    address = _address(request.client.host)
    told = [each for header in request.headers.getlist(HEADER) for each in header.split(",")]
    while told and address is not None and is_within(address, trusted):
        address = _address(told.pop().strip())
    return address


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

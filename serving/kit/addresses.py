"""From which address a request really comes. Only proxies that the settings name are believed."""

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

from starlette.datastructures import Headers
from starlette.types import Scope

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
UNKNOWN = "unknown"


def parse_networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def client_address(scope: Scope, proxies: Sequence[Network]) -> str:
    """The nearest address that is none of our proxies: what stands left of it anybody could have written."""
    client = scope.get("client")
    nearest = str(client[0]) if client else UNKNOWN
    if not proxies or not _is_one_of(nearest, proxies):
        return nearest
    hops = [hop.strip() for line in Headers(scope=scope).getlist("x-forwarded-for") for hop in line.split(",")]
    for hop in reversed(hops):
        if _parse(hop) is None:
            break
        nearest = hop
        if not _is_one_of(hop, proxies):
            break
    return nearest


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_one_of(text: str, networks: Sequence[Network]) -> bool:
    address = _parse(text)
    return address is not None and any(address in network for network in networks)

"""The address of the client: that of the connection's other end, never one from a header, which clients can forge."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import Scope

from core.settings import Network

_CACHE_SIZE = 1024  # addresses
_IPV6_PREFIX = 64
"""Bits of an IPv6 address that name its network: one client usually has all addresses of a /64."""


def address_of(scope: Scope) -> IPv4Address | IPv6Address | None:
    """The client's address; None where the connection has none, as on a Unix socket."""
    client = scope.get("client")
    return parse_address(client[0]) if client else None


def parse_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a socket reports; None for a host name. IPv4-mapped IPv6 addresses are returned as IPv4."""
    try:
        address = ip_address(host.partition("%")[0])  # without the interface
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_trusted(host: str, networks: Sequence[Network]) -> bool:
    """Whether an address is of this machine or in one of the networks."""
    address = parse_address(host)
    return address is not None and (address.is_loopback or any(address in network for network in networks))


def make_trust_check(networks: Sequence[Network]) -> Callable[[str], bool]:
    """``is_trusted`` for these networks, remembered by address."""
    return lru_cache(_CACHE_SIZE)(partial(is_trusted, networks=networks))


def client_network(host: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 address; empty for all others together."""
    address = parse_address(host)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), _IPV6_PREFIX), strict=False))
    return str(address or "")

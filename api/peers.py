"""Who is at the other end of a connection: the socket's word, never a header's, which anybody can write."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import Scope

_HOUSE = 64
"""Bits of an IPv6 address that are its network's: whoever has one of its addresses has all of them."""


def address_of(scope: Scope) -> IPv4Address | IPv6Address | None:
    """The peer's address; None where it has none, as on a Unix socket."""
    peer = scope.get("client")
    return read_address(peer[0]) if peer else None


def read_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a socket calls ``host``; IPv4 in IPv6's clothes is IPv4. None where it is no address."""
    try:
        address = ip_address(host.partition("%")[0])  # without the name of the interface it came through
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def house_of(host: str) -> str:
    """What counts as one client: an IPv4 address, the /64 of an IPv6 address; all without an address are one."""
    address = read_address(host)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), _HOUSE), strict=False))
    return str(address or "")

"""Who is served at all: those who are trusted, as long as not too many requests are in progress."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from fastapi import Response
from starlette.types import Scope

from api.problems import respond
from core.settings import Settings

_MINDED = 1024  # addresses whose answer is remembered
_STRANGER = (
    "Without authentication this server answers its own machine only. "
    "Its operator can name further networks in TRUSTED_NETWORKS."
)
_FULL = "Too many requests are in progress. Try again later."

ALWAYS_SERVED = frozenset({"/livez", "/metrics"})
"""What must be answered however busy the process is."""


class Admission:
    """Turns strangers away, and whoever comes while the house is full.

    Attributes:
        in_progress: requests that have come and are not answered yet.

    Who asks is known by the address at the other end of the connection, never by a header, which anybody can write. A
    peer without an address, as on a Unix socket, is a stranger.
    """

    def __init__(self, settings: Settings) -> None:
        self._networks = settings.networks
        self._limit = settings.max_requests
        self.in_progress = 0
        self._trusts = lru_cache(_MINDED)(self._is_trusted)

    def refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that is not let in; None where it is."""
        peer = scope.get("client")
        if peer is None or not self._trusts(peer[0]):
            return respond(scope, 403, "forbidden", "Forbidden", _STRANGER)
        if self.in_progress >= self._limit and scope["path"] not in ALWAYS_SERVED:
            return respond(scope, 503, "overloaded", "Overloaded", _FULL, headers={"Retry-After": "1"})
        return None

    def _is_trusted(self, host: str) -> bool:
        try:
            address = ip_address(host.partition("%")[0])  # without the name of the interface it came through
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return address.is_loopback or any(address in network for network in self._networks)

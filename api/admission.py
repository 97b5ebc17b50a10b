"""Who is served at all: those who are trusted, as often as they may ask, as long as not too much is in progress."""

from functools import lru_cache

from fastapi import Response
from starlette.types import Scope

from api.peers import read_address
from api.problems import respond
from api.rates import Rates
from core.settings import Auth, Settings

_MINDED = 1024  # addresses whose answer is remembered
_STRANGER = (
    "Without authentication this server answers its own machine only. "
    "Its operator can name further networks in TRUSTED_NETWORKS."
)
_FULL = "Too many requests are in progress. Try again later."

ALWAYS_SERVED = frozenset({"/livez", "/metrics"})
"""What must be answered however busy the process is."""


class Admission:
    """Turns strangers away, those who come too often, and whoever comes while the house is full.

    Attributes:
        in_progress: requests that have come and are not answered yet.

    Who asks is known by the address at the other end of the connection, never by a header, which anybody can write. A
    peer without an address, as on a Unix socket, is a stranger. With ``AUTH=required`` nobody is a stranger: who may do
    what is in the table of ``api.access``.
    """

    def __init__(self, settings: Settings) -> None:
        self._networks = settings.networks
        self._is_open = settings.auth is Auth.REQUIRED
        self._limit = settings.max_requests
        self._rates = Rates(settings.rate) if settings.rate else None
        self.in_progress = 0
        self._trusts = lru_cache(_MINDED)(self._is_trusted)

    def refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that is not let in; None where it is."""
        if self._rates is not None and (too_often := self._rates.refusal(scope)):
            return too_often
        peer = scope.get("client")
        if not self._is_open and (peer is None or not self._trusts(peer[0])):
            return respond(scope, 403, "forbidden", "Forbidden", _STRANGER)
        if self.in_progress >= self._limit and scope["path"] not in ALWAYS_SERVED:
            return respond(scope, 503, "overloaded", "Overloaded", _FULL, headers={"Retry-After": "1"})
        return None

    def _is_trusted(self, host: str) -> bool:
        address = read_address(host)
        return address is not None and (address.is_loopback or any(address in network for network in self._networks))

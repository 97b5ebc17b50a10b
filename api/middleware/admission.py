"""Admission control: which requests are served at all, decided before anything but their head is read."""

from functools import lru_cache
from typing import TYPE_CHECKING

from fastapi import Response
from starlette.types import Scope

from api.client_address import parse_address
from api.problems import respond
from core.settings import Auth, Settings

if TYPE_CHECKING:
    from api.middleware.rate_limiting import RateLimiter

QUOTA = "quota"
"""Key of the request's state under which the headers with the remaining quota are left."""

_CACHE_SIZE = 1024  # addresses
_UNTRUSTED_MESSAGE = (
    "Without authentication this server answers only clients on its own machine. "
    "Its operator can name further networks in TRUSTED_NETWORKS."
)
_OVERLOADED_MESSAGE = "Too many requests are in progress. Try again later."

EXEMPT = frozenset({"/livez", "/readyz"})
"""Paths to which the rate limit does not apply: a failed probe would take the whole process out of service."""

ALWAYS_SERVED = frozenset({"/livez", "/metrics"})
"""Paths that are answered however many requests are in progress."""


class AdmissionControl:
    """Rejects untrusted networks (403), clients over their rate limit (429), requests over ``MAX_REQUESTS`` (503).

    Attributes:
        in_progress: requests that are not answered yet.

    A client is known by the address of its connection, never by a header, which clients can forge. One without an
    address, as on a Unix socket, is not trusted. With ``AUTH=required`` every network is served: see ``api.auth``.
    """

    def __init__(self, settings: Settings) -> None:
        self._networks = settings.networks
        self._serves_all_networks = settings.auth is Auth.REQUIRED
        self._limit = settings.max_requests
        self._rate_limiter = _rate_limiter(settings.rate) if settings.rate else None
        self.in_progress = 0
        self._trusts = lru_cache(_CACHE_SIZE)(self._is_trusted)

    def rejection(self, scope: Scope) -> Response | None:
        """The response to a request that is rejected; None for one that is served."""
        if self._rate_limiter is not None and (limited := self._rate_limiter.rejection(scope)):
            return limited
        client = scope.get("client")
        if not self._serves_all_networks and (client is None or not self._trusts(client[0])):
            return respond(scope, 403, "forbidden", "Forbidden", _UNTRUSTED_MESSAGE)
        if self.in_progress >= self._limit and scope["path"] not in ALWAYS_SERVED:
            return respond(scope, 503, "overloaded", "Overloaded", _OVERLOADED_MESSAGE, headers={"Retry-After": "1"})
        return None

    def _is_trusted(self, host: str) -> bool:
        address = parse_address(host)
        return address is not None and (address.is_loopback or any(address in network for network in self._networks))


def _rate_limiter(rate: str) -> "RateLimiter":
    from api.middleware.rate_limiting import RateLimiter  # noqa: PLC0415 - a library that is slow to import

    return RateLimiter(rate)

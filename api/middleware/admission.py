"""Admission control: which requests are served at all, decided before anything but their head is read."""

from typing import TYPE_CHECKING

from fastapi import Response
from starlette.types import Scope

from api.client_address import make_trust_check
from api.problems import respond
from core.settings import Auth, Settings

if TYPE_CHECKING:
    from api.middleware.rate_limiting import RateLimiter

QUOTA = "quota"
"""Key of the request's state under which the headers with the remaining quota are left."""

_UNTRUSTED_MESSAGE = (
    "Without authentication this server answers only clients on its own machine. "
    "Its operator can name further networks in TRUSTED_NETWORKS."
)
_HOST_MESSAGE = "A request of HTTP/1.1 has exactly one Host header."
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
        self._serves_all_networks = settings.auth is Auth.REQUIRED
        self._limit = settings.max_requests
        self._rate_limiter = _rate_limiter(settings.rate) if settings.rate else None
        self.in_progress = 0
        self._trusts = make_trust_check(settings.networks)

    def rejection(self, scope: Scope) -> Response | None:
        """The response to a request that is rejected; None for one that is served."""
        if scope.get("http_version") == "1.1" and sum(name == b"host" for name, _ in scope["headers"]) != 1:
            return respond(scope, 400, "bad-request", "Bad request", _HOST_MESSAGE)
        if self._rate_limiter is not None and (limited := self._rate_limiter.rejection(scope)):
            return limited
        client = scope.get("client")
        if not self._serves_all_networks and (client is None or not self._trusts(client[0])):
            return respond(scope, 403, "forbidden", "Forbidden", _UNTRUSTED_MESSAGE)
        if self.in_progress >= self._limit and scope["path"] not in ALWAYS_SERVED:
            return respond(scope, 503, "overloaded", "Overloaded", _OVERLOADED_MESSAGE, headers={"Retry-After": "1"})
        return None


def _rate_limiter(rate: str) -> "RateLimiter":
    from api.middleware.rate_limiting import RateLimiter  # noqa: PLC0415 - a library that is slow to import

    return RateLimiter(rate)

"""Cross-origin requests of browsers (the Fetch standard): on every response, and before anything else is decided."""

from fastapi import Response
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from api.problems import http_problem

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS = (
    *("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-ID"),
    *("Cache-Control", "Pragma", "X-Requested-With"),  # of common client libraries
    *("Baggage", "Traceparent", "Tracestate"),  # of tracing in browsers
)
_RESPONSE_HEADERS = (
    *("Allow", "ETag", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"),
    "X-Request-ID",
)
_EXPOSED = (b"access-control-expose-headers", ", ".join(_RESPONSE_HEADERS).encode())
_VARY = (b"vary", b"Origin")


class CorsPolicy:
    """What pages of the listed origins may do. Without any, no header is sent, and browsers allow nothing."""

    def __init__(self, origins: list[str]) -> None:
        self._origins = {origin.encode() for origin in origins}
        self._starlette = CORSMiddleware(
            _no_app, allow_origins=origins, allow_methods=_METHODS, allow_headers=_REQUEST_HEADERS
        )

    def preflight(self, scope: Scope) -> Response | None:
        """The response to a preflight; None for any other request."""
        if scope["method"] != "OPTIONS" or not self._origins:
            return None
        headers = Headers(scope=scope)
        if "origin" not in headers or "access-control-request-method" not in headers:
            return None
        response = self._starlette.preflight_response(headers)
        del response.headers["access-control-allow-origin"]  # which every response has
        response.headers["vary"] = "Access-Control-Request-Method, Access-Control-Request-Headers"
        return response if response.status_code == 200 else http_problem(scope, 400)

    def headers(self, scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
        """The headers of a response, whatever it is."""
        if not self._origins:
            return ()
        origin = next((value for name, value in scope["headers"] if name == b"origin"), b"")
        if origin not in self._origins:
            return (_VARY,)
        return (_VARY, (b"access-control-allow-origin", origin), _EXPOSED)


async def _no_app(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Only the policy of the middleware is used."""

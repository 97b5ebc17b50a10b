"""Security headers of every response."""

from collections.abc import Mapping
from typing import Any

POLICY = "content_security_policy"
"""Key of the request's state under which a page leaves its ``Content-Security-Policy`` header."""

_HEADERS = (
    (b"cache-control", b"private, no-cache"),  # may be cached, and must be revalidated before each use
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_DEFAULT_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


def security_headers(state: Mapping[str, Any]) -> tuple[tuple[bytes, bytes], ...]:
    """The headers for a response; without a policy in the request's state, it may load nothing."""
    return (*_HEADERS, state.get(POLICY, _DEFAULT_POLICY))

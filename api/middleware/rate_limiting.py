"""Rate limiting by client and process: a limit, what remains of it in headers, and 429 beyond it."""

from collections import OrderedDict
from functools import lru_cache
from math import floor
from time import time

from fastapi import Response
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import Scope
from typing_extensions import override

from api.client_address import client_network
from api.middleware.admission import EXEMPT, QUOTA
from api.problems import respond

MAX_WINDOWS = 20_000
"""Most windows that are counted in, some 10 MB. A client has two: the current one and the last."""

_CACHE_SIZE = 1024  # addresses
_DETAIL = "Too many requests were sent. Try again later."


class RateLimiter:
    """Counts requests by client and rejects those beyond the limit, which are not counted.

    The window slides: requests of the last window count by the share of it that is still in reach. That takes two
    numbers a client however large the limit is, where a log of times takes one for each request. The limit holds on
    average; right after a burst, at most twice as many fit into one window.

    Args:
        rate: such as ``100/second``.
        windows: most windows to keep.
    """

    def __init__(self, rate: str, windows: int = MAX_WINDOWS) -> None:
        self._rate: RateLimitItem = parse(rate)
        self._windows = BoundedMemoryStorage(windows)
        self._counter = SlidingWindowCounterRateLimiter(self._windows)
        self._client_key = lru_cache(_CACHE_SIZE)(client_network)
        self._policy = (b"ratelimit-policy", b'"default";q=%d;w=%d' % (self._rate.amount, self._rate.get_expiry()))

    def rejection(self, scope: Scope) -> Response | None:
        """Count a request and leave the remaining quota in its state; the response where nothing remained."""
        if scope["path"] in EXEMPT:
            return None
        client = scope.get("client")
        key = self._client_key(client[0]) if client else ""
        is_accepted = self._counter.hit(self._rate, key)
        remaining, wait = self._remaining(key)
        scope["state"][QUOTA] = (self._policy, (b"ratelimit", b'"default";r=%d;t=%d' % (remaining, wait)))
        if is_accepted:
            return None
        return respond(scope, 429, "rate-limited", "Too many requests", _DETAIL, headers={"Retry-After": str(wait)})

    def _remaining(self, key: str) -> tuple[int, int]:
        """Requests that remain, and whole seconds until one more does if none is sent meanwhile, at least 1."""
        limit, window = self._rate.amount, self._rate.get_expiry()
        before, _, now, _ = self._windows.get_sliding_window(self._rate.key_for(key), window)
        rest = window - time() % window  # of the current window, as long as the part of the last that still counts
        used = min(limit, floor(before * rest / window + now))
        wait = rest - (used - now) * window / before if before else rest
        return limit - used, max(0, int(wait)) + 1


class BoundedMemoryStorage(MemoryStorage):
    """The library's counts with a bound: the window that began first is dropped, and its client starts anew.

    The library itself expires them in a thread that looks through all of them every hundredth of a second.
    """

    def __init__(self, windows: int) -> None:
        super().__init__()
        self._max_windows = windows
        self.expirations: OrderedDict[str, float] = OrderedDict()

    @override
    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        if key not in self.expirations:
            self._make_room()
            self.expirations[key] = time() + expiry
        self.storage[key] += amount
        return self.storage[key]

    def _make_room(self) -> None:
        """Drop what has expired; all of it expires in the order in which it was added."""
        while self.expirations:
            oldest, end = next(iter(self.expirations.items()))
            if end > time() and len(self.expirations) < self._max_windows:
                return
            del self.expirations[oldest]
            self.storage.pop(oldest, None)

"""How often one client may ask, in this process: a limit, what is left of it in headers, and 429 beyond it."""

from collections import OrderedDict
from functools import lru_cache
from math import floor
from time import time

from fastapi import Response
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import Scope

from api.peers import house_of
from api.problems import respond

QUOTA = "quota"
"""Where the headers of a counted request's answer are left in its state."""

EXEMPT = frozenset({"/livez", "/readyz"})
"""What is neither counted nor refused: a probe that fails would take the process away from everybody."""

MAX_WINDOWS = 20_000
"""Counts that are kept at most, some 10 MB. A client has two, of this window and the last."""

_MINDED = 1024  # addresses whose client is remembered
_DETAIL = "You have sent too many requests of late. Try again later."


class Rates:
    """Counts requests by client and refuses those beyond the limit; refused ones do not count.

    The window slides: what came in the window before counts by the share of it that is still within reach. That needs
    two numbers a client however large the limit is, where a list of times needs one for each request. It holds on
    average; right after a burst, at most twice as much fits into one window.

    Args:
        rate: as in ``100/second``.
        windows: counts to keep at most.
    """

    def __init__(self, rate: str, windows: int = MAX_WINDOWS) -> None:
        self._rate: RateLimitItem = parse(rate)
        self._kept = Counts(windows)
        self._counts = SlidingWindowCounterRateLimiter(self._kept)
        self._house = lru_cache(_MINDED)(house_of)
        self._policy = (b"ratelimit-policy", b'"default";q=%d;w=%d' % (self._rate.amount, self._rate.get_expiry()))

    def refusal(self, scope: Scope) -> Response | None:
        """Count a request, and leave what is left of the limit in its state; the answer where nothing was left."""
        if scope["path"] in EXEMPT:
            return None
        peer = scope.get("client")
        house = self._house(peer[0]) if peer else ""
        accepted = self._counts.hit(self._rate, house)
        left, wait = self._left(house)
        scope["state"][QUOTA] = (self._policy, (b"ratelimit", b'"default";r=%d;t=%d' % (left, wait)))
        if accepted:
            return None
        return respond(scope, 429, "rate-limited", "Too many requests", _DETAIL, headers={"Retry-After": str(wait)})

    def _left(self, house: str) -> tuple[int, int]:
        """Requests that are left, and whole seconds until there is one more if none comes meanwhile, at least 1."""
        limit, window = self._rate.amount, self._rate.get_expiry()
        before, _, now, _ = self._kept.get_sliding_window(self._rate.key_for(house), window)
        rest = window - time() % window  # how long the window goes on, and the share of the last one that still counts
        used = min(limit, floor(before * rest / window + now))
        wait = rest - (used - now) * window / before if before else rest
        return limit - used, max(0, int(wait)) + 1


class Counts(MemoryStorage):
    """The library's counts, bounded. Those of the window that began first give way: the client starts anew.

    The library's own way to forget is a thread that looks through all of them every hundredth of a second.
    """

    def __init__(self, windows: int) -> None:
        super().__init__()
        self._windows = windows
        self.expirations: OrderedDict[str, float] = OrderedDict()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count something in the window that ``key`` names, which is kept for ``expiry`` seconds from its first."""
        if key not in self.expirations:
            self._make_room()
            self.expirations[key] = time() + expiry
        self.storage[key] += amount
        return self.storage[key]

    def _make_room(self) -> None:
        """Forget what has expired; all of it expires in the order it came."""
        while self.expirations:
            oldest, end = next(iter(self.expirations.items()))
            if end > time() and len(self.expirations) < self._windows:
                return
            del self.expirations[oldest]
            self.storage.pop(oldest, None)

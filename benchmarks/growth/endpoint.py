"""What is measured: one kind of request."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.growth.client import Client, Request

PROMISE = 1.3
"""What a million rows may cost at most, of what ten thousand cost, where it is promised."""


class Kind(StrEnum):
    """Why a request costs what it costs."""

    KEY = "read by key"
    CURSOR = "page by cursor"
    PLACE = "order placement"
    FILTER = "page by cursor, filtered by price or tag"
    WRITE = "other writes"
    NUMBER = "page by number"
    SEARCH = "search"
    STATISTICS = "statistics"

    @property
    def promised(self) -> bool:
        """Whether growth of the shop must not be felt."""
        return self in (Kind.KEY, Kind.CURSOR, Kind.PLACE)

    @property
    def writes(self) -> bool:
        """Whether rows are added or changed."""
        return self in (Kind.PLACE, Kind.WRITE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One line of the report.

    Attributes:
        name: as people read it.
        make: the next request, for other rows than the one before. It may ask for things itself, which is not timed.
    """

    name: str
    kind: Kind
    make: Callable[[Client], Awaitable[Request]]

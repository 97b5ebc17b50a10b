"""A kind of request that is measured."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.growth.client import Client, Request

MAX_GROWTH = 1.3
"""The highest allowed ratio of the cost at a million rows to that at ten thousand."""


class EndpointKind(StrEnum):
    """What determines the cost of a request."""

    KEY = "read by key"
    CURSOR = "page by cursor"
    PLACE = "order placement"
    FILTER = "page by cursor, filtered by price or tag"
    WRITE = "other writes"
    NUMBER = "page by number"
    SEARCH = "search"
    STATISTICS = "statistics"

    @property
    def is_bounded(self) -> bool:
        """Whether ``MAX_GROWTH`` applies."""
        return self in (EndpointKind.KEY, EndpointKind.CURSOR, EndpointKind.PLACE)

    @property
    def is_write(self) -> bool:
        """Whether rows are added or changed."""
        return self in (EndpointKind.PLACE, EndpointKind.WRITE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One line of the report.

    Attributes:
        name: in the report.
        make: the next request, for random rows. It may send requests itself, which are not timed.
    """

    name: str
    kind: EndpointKind
    make: Callable[[Client], Awaitable[Request]]

"""Counting and timing round trips to a database, for tests, comparisons and traces.

A backend calls ``record_start`` once for each round trip, transaction control included, and ``record_end`` when
 the answer to it has come. Without a collector, that costs two look-ups of context variables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import time_ns


@dataclass(slots=True)
class RoundTrip:
    """One round trip.

    Attributes:
        what: the statement or command. It may contain personal data.
        began: when it was recorded, in nanoseconds since 1970.
        ended: when the answer had come; None where the backend does not report it.
    """

    what: str
    began: int = field(default_factory=time_ns)
    ended: int | None = None


_trips: ContextVar[list[str] | None] = ContextVar("stockroom_trips", default=None)
_timed: ContextVar[list[RoundTrip] | None] = ContextVar("stockroom_timed_trips", default=None)
_under_way: ContextVar[RoundTrip | None] = ContextVar("stockroom_trip", default=None)


def record_start(what: str) -> None:
    """Record the start of a round trip; ``what`` is the statement or command."""
    trips = _trips.get()
    if trips is not None:
        trips.append(what)
    timed = _timed.get()
    if timed is not None:
        trip = RoundTrip(what)
        timed.append(trip)
        _under_way.set(trip)


def record_end() -> None:
    """Record the end of the last round trip of this task or thread, successful or not.

    Optional: without it, round trips are counted but not timed.
    """
    trip = _under_way.get()
    if trip is not None and trip.ended is None:
        trip.ended = time_ns()


@contextmanager
def collect() -> Iterator[list[str]]:
    """Collect the round trips made within, by this task and those it starts."""
    trips: list[str] = []
    token = _trips.set(trips)
    try:
        yield trips
    finally:
        _trips.reset(token)


@contextmanager
def collect_timed() -> Iterator[list[RoundTrip]]:
    """Collect the round trips made within and how long they take; not those within a further ``collect_timed``."""
    trips: list[RoundTrip] = []
    token = _timed.set(trips)
    try:
        yield trips
    finally:
        _timed.reset(token)

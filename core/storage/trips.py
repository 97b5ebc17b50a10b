"""Counting round trips to a database, for tests, comparisons and traces.

A backend calls ``note`` once for each round trip it is about to make, transaction control included. Outside ``count``
that costs one look at a context variable.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_trips: ContextVar[list[str] | None] = ContextVar("stockroom_trips", default=None)


def note(what: str) -> None:
    """Record one round trip; ``what`` is the statement or command, for people to read."""
    trips = _trips.get()
    if trips is not None:
        trips.append(what)


@contextmanager
def count() -> Iterator[list[str]]:
    """Collect the round trips made within, by this task and those it starts."""
    trips: list[str] = []
    token = _trips.set(trips)
    try:
        yield trips
    finally:
        _trips.reset(token)

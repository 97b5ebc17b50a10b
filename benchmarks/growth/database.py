"""A database that is filled below the shop, where one row at a time would take hours, yet with the shop's own rows."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from itertools import islice
from typing import Protocol, TypeVar

from benchmarks.growth.data import Shop

T = TypeVar("T")

_BATCH = 2_000


class Database(Protocol):
    """What is written for each family of databases."""

    async def fill(self, shop: Shop) -> None:
        """Write every row of a shop, and leave the database as one that has had the time to look after itself."""
        ...

    async def prune(self, shop: Shop) -> None:
        """Remove what has been added since."""
        ...


Opened = Callable[[str], AbstractAsyncContextManager[Database]]
"""From the URL of a migrated database."""


def batches(rows: Iterable[T]) -> Iterator[list[T]]:
    """As many as are written at once."""
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch

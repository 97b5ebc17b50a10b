"""Filling a database directly with the shop's rows, because writing them through the API would take hours."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from itertools import islice
from typing import Protocol, TypeVar

from benchmarks.growth.data import ShopData

T = TypeVar("T")

_BATCH_SIZE = 2_000


class Database(Protocol):
    """A database that is filled directly; one implementation for each family of databases."""

    async def fill(self, shop: ShopData) -> None:
        """Write every row of a shop, then do the maintenance that the server does in the background."""
        ...

    async def prune(self, shop: ShopData) -> None:
        """Delete the rows that were added since."""
        ...


OpenDatabase = Callable[[str], AbstractAsyncContextManager[Database]]
"""Opens a migrated database by its URL."""


def batches(rows: Iterable[T]) -> Iterator[list[T]]:
    """The rows in batches of ``_BATCH_SIZE``."""
    left = iter(rows)
    while batch := list(islice(left, _BATCH_SIZE)):
        yield batch

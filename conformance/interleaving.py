"""Units of work interleaved step by step, on two storages of one store: events set the order, waits are bounded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

from core import clock
from core.entities import Product, ProductDraft, Tag, TagDraft, User, UserDraft
from core.storage import PageRequest, SortOrder, Storage, Transaction
from core.storage.sorts import TAGS

T = TypeVar("T")

TIMEOUT = 30.0
"""Seconds for what must happen, also on a busy machine."""

BRIEF_TIMEOUT = 0.5
"""Seconds for what need not happen: a task that waits for a lock gives no sign of it."""


class Rollback(Exception):
    """Raised to roll back a unit of work."""


class StoragePair(NamedTuple):
    """Two open storages on one store, as two server processes have; the same one twice where it cannot be shared."""

    first: Storage
    second: Storage


async def wait_for(step: Awaitable[T]) -> T:
    """The result of ``step``.

    Raises:
        TimeoutError: it took longer than ``TIMEOUT``.
    """
    return await asyncio.wait_for(step, TIMEOUT)


async def wait_briefly(task: "asyncio.Future[Any]") -> bool:
    """Let a task run for ``BRIEF_TIMEOUT``; whether it is done then."""
    done, _ = await asyncio.wait([task], timeout=BRIEF_TIMEOUT)
    return bool(done)


class PausedUnitOfWork:
    """A unit of work that pauses in its middle.

    Attributes:
        task: runs it.
        reached: set when it pauses.
        release: set this to let it continue.
    """

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.release = asyncio.Event()
        self.task: asyncio.Task[Any]

    async def pause(self) -> None:
        """Wait here until released."""
        self.reached.set()
        await wait_for(self.release.wait())

    async def finish(self) -> Any:
        """Let it continue; its result."""
        self.release.set()
        return await wait_for(self.task)


Pause = Callable[[], Awaitable[None]]
PausableWork = Callable[[Transaction, Pause], Awaitable[Any]]
"""A unit of work that awaits ``pause()`` in its middle."""


@asynccontextmanager
async def paused(storage: Storage, work: PausableWork) -> AsyncIterator[PausedUnitOfWork]:
    """A unit of work that has reached its pause; it is over when the context is left."""
    unit = PausedUnitOfWork()
    unit.task = asyncio.create_task(storage.run(lambda tx: work(tx, unit.pause)))
    arrival = asyncio.create_task(unit.reached.wait())
    try:
        await asyncio.wait([arrival, unit.task], timeout=TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
        if unit.task.done():
            unit.task.result()
        assert unit.reached.is_set(), "a unit of work did not reach its pause"
        yield unit
    finally:
        unit.release.set()
        arrival.cancel()
        await asyncio.wait([unit.task], timeout=TIMEOUT)
        if not unit.task.done():
            unit.task.cancel()


async def run_overlapping(
    storages: StoragePair, first: PausableWork, second: Callable[[Transaction], Awaitable[Any]]
) -> list[Any]:
    """The results, or errors, of two units of work, where the second begins while the first is paused."""
    async with paused(storages.first, first) as one:
        other = asyncio.create_task(storages.second.run(second))
        await wait_briefly(other)
        return [*await asyncio.gather(one.finish(), wait_for(other), return_exceptions=True)]


async def no_pause() -> None:
    """A pause of no length."""


async def add_tag(tx: Transaction, name: str) -> Tag:
    """A new tag with this name, which must be unique."""
    [tag] = await tx.tags.add([TagDraft(name=name, slug=name.lower())], clock.now())
    return tag


async def add_user(tx: Transaction, name: str) -> User:
    """A new user with this name."""
    draft = UserDraft(username=name, email=f"{name}@example.com")
    [user] = await tx.users.add([draft], ["no hash"], clock.now())
    return user


async def add_product(tx: Transaction, name: str, stock: int = 1) -> Product:
    """A new product with this many pieces in stock."""
    draft = ProductDraft(name=name, slug=name.lower(), sku=name.upper(), price=100, stock_quantity=stock)
    [product] = await tx.products.add([draft], clock.now())
    return product


async def tag_names(storage: Storage) -> list[str]:
    """The names of the first hundred tags, by id."""
    page = await storage.tags.page(PageRequest(SortOrder.parse("id", TAGS), size=100))
    return [tag.name for tag in page.items]

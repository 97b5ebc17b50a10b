"""Two sessions at one store, and who of them gets how far: steps are set by events, and every wait has an end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

from core import clock
from core.entities import Product, ProductDraft, Tag, TagDraft, User, UserDraft
from core.storage import PageRequest, SortOrder, Storage, Transaction
from core.storage.sorts import TAGS

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for what must happen, also on a busy machine."""

GLIMPSE = 0.5
"""Seconds for what need not happen: somebody who waits for us gets no further, and nothing tells us that he waits."""


class Undone(Exception):
    """Undoes the unit of work that it leaves."""


class Sessions(NamedTuple):
    """Two ways to one store: as two server processes have them where it can be shared, else the same one twice."""

    first: Storage
    second: Storage


async def within(step: Awaitable[T]) -> T:
    """What ``step`` comes to.

    Raises:
        TimeoutError: it did not, although it must.
    """
    return await asyncio.wait_for(step, PATIENCE)


async def overlap(other: "asyncio.Future[Any]") -> bool:
    """Let somebody get as far as possible while we stay where we are; whether that was to the end."""
    done, _ = await asyncio.wait([other], timeout=GLIMPSE)
    return bool(done)


class Held:
    """A unit of work that is stopped in its middle.

    Attributes:
        unit: what it comes to.
        reached: set when it got to its middle.
        release: set it, and it goes on.
    """

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.release = asyncio.Event()
        self.unit: asyncio.Task[Any]

    async def pause(self) -> None:
        """Stop here, until released."""
        self.reached.set()
        await within(self.release.wait())

    async def end(self) -> Any:
        """Go on; what the unit of work comes to."""
        self.release.set()
        return await within(self.unit)


Pause = Callable[[], Awaitable[None]]
Work = Callable[[Transaction, Pause], Awaitable[Any]]
"""A unit of work that awaits ``pause()`` in its middle."""


@asynccontextmanager
async def held(storage: Storage, work: Work) -> AsyncIterator[Held]:
    """A unit of work that has come to its middle; it is over when the context is left."""
    held = Held()
    held.unit = asyncio.create_task(storage.run(lambda tx: work(tx, held.pause)))
    arrival = asyncio.create_task(held.reached.wait())
    try:
        await asyncio.wait([arrival, held.unit], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if held.unit.done():
            held.unit.result()
        assert held.reached.is_set(), "a unit of work did not get to its middle"
        yield held
    finally:
        held.release.set()
        arrival.cancel()
        await asyncio.wait([held.unit], timeout=PATIENCE)
        if not held.unit.done():
            held.unit.cancel()


async def meet(sessions: Sessions, first: Work, second: Callable[[Transaction], Awaitable[Any]]) -> list[Any]:
    """What two units of work come to, a result or an error, when one begins while the other is in its middle."""
    async with held(sessions.first, first) as one:
        other = asyncio.create_task(sessions.second.run(second))
        await overlap(other)
        return [*await asyncio.gather(one.end(), within(other), return_exceptions=True)]


async def on_and_on() -> None:
    """A pause of no length."""


async def add_tag(tx: Transaction, name: str) -> Tag:
    """A tag, which no other must be called like."""
    [tag] = await tx.tags.add([TagDraft(name=name, slug=name.lower())], clock.now())
    return tag


async def add_user(tx: Transaction, name: str) -> User:
    """A user."""
    draft = UserDraft(username=name, email=f"{name}@example.com")
    [user] = await tx.users.add([draft], ["no hash"], clock.now())
    return user


async def add_product(tx: Transaction, name: str, stock: int = 1) -> Product:
    """A product with so many pieces in stock."""
    draft = ProductDraft(name=name, slug=name.lower(), sku=name.upper(), price=100, stock_quantity=stock)
    [product] = await tx.products.add([draft], clock.now())
    return product


async def tag_names(storage: Storage) -> list[str]:
    """The names of the first hundred tags, by id."""
    page = await storage.tags.page(PageRequest(SortOrder.parse("id", TAGS), size=100))
    return [tag.name for tag in page.items]

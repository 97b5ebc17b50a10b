"""A contender's store, from empty to empty."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice

from pydantic import SecretStr

from compare import books
from compare.books import Books
from compare.plan import Contender
from compare.population import Population
from core import clock
from core.errors import ConfigurationError, Unavailable
from core.passwords import PasswordHasher
from core.plugins import discover
from core.settings import Settings, load
from core.startup import head, schema_mismatch
from core.storage import Backend, Migrations, Storage, SupportsTemporaryDatabases, Transaction
from demo.scale import Scale
from demo.writer import is_empty, write

PLENTY = 1_000_000
"""Pieces that every product for sale gets on top of the demo shop's: what is measured is selling, not refusing to."""

_PASSWORD = "DemoPass123"  # noqa: S105
_BATCH = 500
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Store:
    """An opened storage that was empty."""

    backend: Backend
    settings: Settings
    storage: Storage

    async def fill(self, products: int, advance: Callable[[int], None]) -> list[int]:
        """Write the demo shop, with plenty in stock; the ids of its accounts."""
        password_hash = await PasswordHasher(self.settings).hash(_PASSWORD)
        accounts = await write(self.storage, Scale(products), password_hash, advance)
        written = await books.products(self.storage)
        remaining = iter([product.id for product in written if product.is_active])
        while batch := list(islice(remaining, _BATCH)):
            await self.storage.run(partial(_stock_up, batch))
        return accounts

    async def size(self) -> int | None:
        """Bytes that the data takes; None where the storage does not say."""
        return await self.storage.size() if self.storage.capabilities.reports_size else None


async def _stock_up(ids: list[int], tx: Transaction) -> None:
    await tx.products.lock_many(ids)
    await tx.products.adjust_stock(dict.fromkeys(ids, PLENTY), clock.now())


def population(written: Books) -> Population:
    """What there is to choose from, in the order in which it was written: the same on every storage."""
    return Population(
        products=[product for product in written.products.values() if product.is_active],
        categories=sorted(written.categories),
        users=sorted(written.users),
        orders=sorted(written.orders),
        accounts=list(written.balances),
    )


def settings_of(contender: Contender) -> Settings:
    """Those of the environment and ``.env``, and above them the contender's own."""
    return load(**{"storage_backend": None, **contender.settings, "database_url": contender.url})


@asynccontextmanager
async def opened(contender: Contender, *, scratch: bool) -> AsyncIterator[Store]:
    """Open an empty store, its schema current; in the end it is as empty as it was.

    Args:
        contender: whose store it is.
        scratch: take one of our own beside it, which is dropped in the end.

    Raises:
        ConfigurationError: it cannot be opened, or is not empty, and has not been touched.
    """
    settings = settings_of(contender)
    backend = discover().choose(settings)
    if not scratch:
        async with _opened(backend, settings) as store:
            yield store
    elif isinstance(backend, SupportsTemporaryDatabases):
        async with (
            backend.temporary_database(settings) as url,
            _opened(backend, settings.model_copy(update={"database_url": SecretStr(url)})) as store,
        ):
            yield store
    else:
        raise ConfigurationError(f"{backend.name} cannot make a store of our own; go without --scratch.")


@asynccontextmanager
async def _opened(backend: Backend, settings: Settings) -> AsyncIterator[Store]:
    migrations = backend.migrations(settings)
    storage = await backend.open(settings)
    try:
        backend.capabilities.require(storage.capabilities, backend.name)
        revision = await storage.schema_revision()
        await _require_empty(storage, migrations, revision)
    except BaseException:
        await storage.close()
        raise
    try:
        if revision is None:
            await migrations.up()
        yield Store(backend, settings, storage)
    finally:
        await storage.close()
        await _restore(storage, migrations, revision)


async def _require_empty(storage: Storage, migrations: Migrations, revision: str | None) -> None:
    able = storage.capabilities
    if able.durable and not able.downgrades:
        raise ConfigurationError("The store could not be emptied again (it declares no downgrades).")
    if revision not in (None, head(migrations)):
        raise ConfigurationError(
            f"The store is not empty. {schema_mismatch(migrations, revision)} Name an empty one, or use --scratch."
        )
    if revision == head(migrations) and not await is_empty(storage):
        raise ConfigurationError(
            "The store is not empty, and nothing in it will be touched. Name an empty one, or use --scratch."
        )


async def _restore(storage: Storage, migrations: Migrations, revision: str | None) -> None:
    if not storage.capabilities.downgrades:
        return
    for left in reversed(range(_ATTEMPTS)):
        try:
            await migrations.down("base")
            break
        except Unavailable:  # somebody, such as a server process that has just ended, has not let go of it yet
            if not left:
                raise
        await asyncio.sleep(1)
    if revision is not None:
        await migrations.up()

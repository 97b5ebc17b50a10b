"""Opens the store of a storage, fills it, and empties it again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice

from pydantic import SecretStr

from compare.plan import StorageConfig
from compare.population import Population
from compare.snapshot import StoreSnapshot, list_products
from core import clock
from core.errors import ConfigurationError, Unavailable
from core.passwords import PasswordHasher
from core.plugins import discover
from core.settings import Settings, load
from core.startup import head, schema_mismatch
from core.storage import Backend, Migrations, Storage, SupportsTemporaryDatabases, Transaction
from demo.scale import Scale
from demo.writer import is_empty, write_shop

EXTRA_STOCK = 1_000_000
"""Pieces added to every product for sale, so that orders are not refused for lack of stock."""

_PASSWORD = "DemoPass123"  # noqa: S105
_BATCH_SIZE = 500
_MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Store:
    """An opened storage that was empty."""

    backend: Backend
    settings: Settings
    storage: Storage

    async def fill(self, products: int, on_rows: Callable[[int], None]) -> list[int]:
        """Write the demo shop, with ``EXTRA_STOCK``; the ids of its accounts."""
        password_hash = await PasswordHasher(self.settings).hash(_PASSWORD)
        accounts = await write_shop(self.storage, Scale(products), password_hash, on_rows)
        written = await list_products(self.storage)
        remaining = iter([product.id for product in written if product.is_active])
        while batch := list(islice(remaining, _BATCH_SIZE)):
            await self.storage.run(partial(_add_stock, batch))
        return accounts

    async def size(self) -> int | None:
        """Bytes that the data takes; None where the storage does not report it."""
        return await self.storage.size() if self.storage.capabilities.reports_size else None


async def _add_stock(ids: list[int], tx: Transaction) -> None:
    await tx.products.lock_many(ids)
    await tx.products.adjust_stock(dict.fromkeys(ids, EXTRA_STOCK), clock.now())


def make_population(snapshot: StoreSnapshot) -> Population:
    """What a filled store offers to choose from, by id: equal on every storage."""
    return Population(
        products=[product for product in snapshot.products.values() if product.is_active],
        categories=sorted(snapshot.categories),
        users=sorted(snapshot.users),
        orders=sorted(snapshot.orders),
        accounts=list(snapshot.balances),
    )


def load_settings(config: StorageConfig) -> Settings:
    """The settings of the environment and ``.env``, overridden by the storage's own."""
    return load(**{"storage_backend": None, **config.settings, "database_url": config.url})


@asynccontextmanager
async def open_store(config: StorageConfig, *, scratch: bool) -> AsyncIterator[Store]:
    """Open an empty store, its schema current; in the end it is as empty as it was.

    Args:
        config: of the storage.
        scratch: use a temporary database beside the one of the URL, which is dropped in the end.

    Raises:
        ConfigurationError: it cannot be opened, or is not empty, and has not been touched.
    """
    settings = load_settings(config)
    backend = discover().choose(settings)
    if not scratch:
        async with _open_database(backend, settings) as store:
            yield store
    elif isinstance(backend, SupportsTemporaryDatabases):
        async with (
            backend.temporary_database(settings) as url,
            _open_database(backend, settings.model_copy(update={"database_url": SecretStr(url)})) as store,
        ):
            yield store
    else:
        raise ConfigurationError(f"{backend.name} cannot create temporary databases; go without --scratch.")


@asynccontextmanager
async def _open_database(backend: Backend, settings: Settings) -> AsyncIterator[Store]:
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
    capabilities = storage.capabilities
    if capabilities.durable and not capabilities.downgrades:
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
    for left in reversed(range(_MAX_ATTEMPTS)):
        try:
            await migrations.down("base")
            break
        except Unavailable:  # another process, such as a server that has just ended, still has it open
            if not left:
                raise
        await asyncio.sleep(1)
    if revision is not None:
        await migrations.up()

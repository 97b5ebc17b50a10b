"""A driver that the URL names is the one that is used, and does all that the preferred one does."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from conformance.defaults import settings_for
from core.entities import OrderDraft, OrderItemDraft
from core.errors import Duplicate, InsufficientStock, NotFound
from core.plugins import Registry
from core.services import orders
from core.settings import Settings
from core.storage import Storage
from tests.sql.external_client import SERVERS, ExternalClient, dialect_of
from tests.sql.seeds import add_products, add_tags, add_users

pytestmark = pytest.mark.only(*SERVERS)


@pytest.fixture
async def driven(settings: Settings, registry: Registry) -> AsyncIterator[Sequence[Storage]]:
    """The storage once for each driver of its database, opened by naming it."""
    scheme, _, rest = settings.url.partition("://")
    storages = []
    for driver in dialect_of(settings).drivers:
        named = settings_for(f"{scheme}+{driver.name}://{rest}", pool_size=4)
        storage = await registry.choose(named).open(named)
        storages.append(storage)
        assert storage._engine.driver == driver.name  # type: ignore[attr-defined]
    yield storages
    for storage in storages:
        await storage.close()


async def test_preferred_driver_is_the_default(storage: Storage, settings: Settings) -> None:
    assert storage._engine.driver == dialect_of(settings).drivers[0].name  # type: ignore[attr-defined]


async def test_each_driver_reports_duplicate_and_missing(driven: Sequence[Storage]) -> None:
    for number, storage in enumerate(driven):
        await add_tags(storage, f"News 🧿 {number}")
        with pytest.raises(Duplicate):
            await add_tags(storage, f"NEWS 🧿 {number}")
        with pytest.raises(NotFound):
            await storage.tags.get(999)


async def test_each_driver_never_oversells(driven: Sequence[Storage]) -> None:
    for number, storage in enumerate(driven):
        [user] = await add_users(storage, f"buyer_{number}")
        keys = [f"{number}-{line}" for line in range(3)]
        products = await add_products(storage, *({"stock_quantity": 10, "slug": key, "sku": key} for key in keys))
        lines = [OrderItemDraft(product_id=product.id, quantity=1) for product in products]
        drafts = [OrderDraft(user_id=user.id, items=lines[:: 1 - turn % 2 * 2]) for turn in range(16)]
        outcomes = await asyncio.gather(*(orders.place(storage, draft) for draft in drafts), return_exceptions=True)
        assert {type(outcome).__name__ for outcome in outcomes} == {"Order", "InsufficientStock"}
        sold = sum(not isinstance(outcome, InsufficientStock) for outcome in outcomes)
        assert sold == 10


async def test_each_driver_recovers_lost_connections(driven: Sequence[Storage], external: ExternalClient) -> None:
    for number, storage in enumerate(driven):
        [tag] = await add_tags(storage, f"Tag {number}")
        await external.end_all()
        assert (await storage.tags.get(tag.id)).name == tag.name
        await external.end_all()
        await add_tags(storage, f"More {number}")

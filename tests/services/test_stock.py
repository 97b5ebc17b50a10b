"""Changes of the stock of a product: 0 and MAX_QUANTITY are allowed, nothing beyond them."""

import asyncio

import pytest

from core.entities import ProductDraft
from core.entities.fields import MAX_QUANTITY
from core.errors import BusinessRuleViolation, InsufficientStock, NotFound, PreconditionFailed, StockLimit
from core.services import catalogue
from core.storage import Storage
from tests.services.factory import Factory, failing_fields, stock_of


@pytest.mark.parametrize(
    ("stock", "change"), [(5, -5), (5, -4), (0, MAX_QUANTITY), (MAX_QUANTITY - 5, 5), (MAX_QUANTITY, -MAX_QUANTITY)]
)
async def test_stock_changes_within_its_limits(storage: Storage, factory: Factory, stock: int, change: int) -> None:
    product = await factory.product(stock_quantity=stock)
    changed = await catalogue.change_stock(storage, product.id, change)
    assert (changed.stock_quantity, changed.version) == (stock + change, 2)
    assert await storage.products.get(product.id) == changed


@pytest.mark.parametrize(
    ("stock", "change", "error"),
    [
        (5, -6, InsufficientStock),
        (0, -1, InsufficientStock),
        (MAX_QUANTITY, 1, StockLimit),
        (MAX_QUANTITY - 5, 6, StockLimit),
    ],
)
async def test_stock_change_beyond_a_limit_is_refused(
    storage: Storage, factory: Factory, stock: int, change: int, error: type[BusinessRuleViolation]
) -> None:
    product = await factory.product(stock_quantity=stock)
    with pytest.raises(error) as refused:
        await catalogue.change_stock(storage, product.id, change)
    assert failing_fields(refused.value) == [("quantity_change", error.code)]
    assert await storage.products.get(product.id) == product


async def test_concurrent_stock_changes_all_count(storage: Storage, factory: Factory) -> None:
    product = await factory.product(stock_quantity=10)
    changes = [catalogue.change_stock(storage, product.id, change) for change in (5, -3, 7, -9, 1)]
    await asyncio.gather(*changes)
    assert await stock_of(storage, product) == [11]


async def test_concurrent_sales_stop_at_zero(storage: Storage, factory: Factory) -> None:
    product = await factory.product(stock_quantity=3)
    sales = [catalogue.change_stock(storage, product.id, -1) for _ in range(5)]
    outcomes = await asyncio.gather(*sales, return_exceptions=True)
    assert sum(isinstance(outcome, InsufficientStock) for outcome in outcomes) == 2
    assert await stock_of(storage, product) == [0]


async def test_stock_change_of_nothing_is_no_new_version(storage: Storage, factory: Factory) -> None:
    product = await factory.product()
    assert await catalogue.change_stock(storage, product.id, 0) == product


async def test_stock_change_at_another_version_is_refused(storage: Storage, factory: Factory) -> None:
    product = await factory.product()
    with pytest.raises(PreconditionFailed):
        await catalogue.change_stock(storage, product.id, 1, frozenset({2}))
    assert await stock_of(storage, product) == [10]


async def test_stock_of_unknown_product_is_not_found(storage: Storage) -> None:
    with pytest.raises(NotFound):
        await catalogue.change_stock(storage, 99, 1)


async def test_stock_left_out_of_a_replacement_is_zero(storage: Storage, factory: Factory) -> None:
    product = await factory.product(description="Text", is_active=False)
    draft = ProductDraft(name="Pen", sku="PEN", price=5)
    replaced = await catalogue.replace_product(storage, product.id, draft)
    assert (replaced.stock_quantity, replaced.description, replaced.is_active) == (0, None, True)
    assert await storage.products.get(product.id) == replaced

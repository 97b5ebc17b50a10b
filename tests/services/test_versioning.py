"""Versions: what a change is meant for, what is a new one, and how each is dated."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.entities import NotificationDraft, Product
from core.errors import NotFound, PreconditionFailed
from core.services import catalogue, notifications, versioning
from core.services.versioning import ExpectedVersions
from core.storage import Storage
from tests.services.factory import FIRST_PAGE, Factory, product_draft

Tick = Callable[[timedelta], datetime]
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def product(storage: Storage, factory: Factory) -> Product:
    """At version 2."""
    created = await factory.product()
    return await catalogue.change_product(storage, created.id, {"description": "Text"})


async def test_change_is_the_next_version_dated_now(storage: Storage, product: Product, tick: Tick) -> None:
    at = tick(MINUTE)
    changed = await catalogue.change_product(storage, product.id, {"price": 5})
    assert (changed.version, changed.updated_at, changed.created_at) == (3, at, product.created_at)
    assert await storage.products.get(product.id) == changed


@pytest.mark.parametrize("changes", [{}, {"description": "Text"}, {"sku": "PEN", "price": 100, "category_id": None}])
async def test_change_of_nothing_is_no_new_version(
    storage: Storage, product: Product, tick: Tick, changes: dict[str, object]
) -> None:
    tick(MINUTE)
    assert await catalogue.change_product(storage, product.id, changes) == product
    assert await storage.products.get(product.id) == product


async def test_replacement_by_the_same_is_no_new_version(storage: Storage, product: Product, tick: Tick) -> None:
    tick(MINUTE)
    assert await catalogue.replace_product(storage, product.id, product_draft(description="Text")) == product


async def test_change_is_never_dated_before_the_last(storage: Storage, product: Product, tick: Tick) -> None:
    tick(-MINUTE)
    changed = await catalogue.change_product(storage, product.id, {"price": 5})
    assert (changed.version, changed.updated_at) == (3, product.updated_at)
    at = tick(MINUTE + MINUTE)
    assert (await catalogue.change_product(storage, product.id, {"price": 6})).updated_at == at


@pytest.mark.parametrize("expected", [None, frozenset({2}), frozenset({1, 2, 9})])
async def test_change_at_an_expected_version_is_made(
    storage: Storage, product: Product, expected: ExpectedVersions
) -> None:
    assert (await catalogue.change_product(storage, product.id, {"price": 5}, expected)).version == 3


@pytest.mark.parametrize("expected", [frozenset[int](), frozenset({1}), frozenset({1, 3})])
async def test_change_at_another_version_is_refused(
    storage: Storage, product: Product, expected: ExpectedVersions
) -> None:
    for changes in ({"price": 5}, {}):
        with pytest.raises(PreconditionFailed):
            await catalogue.change_product(storage, product.id, changes, expected)
    assert await storage.products.get(product.id) == product


async def test_one_of_two_changes_of_a_version_is_made(storage: Storage, product: Product) -> None:
    changes = [catalogue.change_product(storage, product.id, {"price": price}, frozenset({2})) for price in (5, 6)]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert [sum(isinstance(one, kind) for one in outcomes) for kind in (Product, PreconditionFailed)] == [1, 1]
    assert (await storage.products.get(product.id)).version == 3


async def test_unknown_entity_is_not_found_at_any_version(storage: Storage) -> None:
    for expected in (None, frozenset({1}), frozenset[int]()):
        with pytest.raises(NotFound):
            await catalogue.change_product(storage, 99, {"price": 5}, expected)
        with pytest.raises(NotFound):
            await storage.run(lambda tx, expected=expected: versioning.delete(tx.products, 99, expected))  # type: ignore[misc]


@pytest.mark.parametrize("expected", [None, frozenset({2})])
async def test_deletion_at_an_expected_version_is_made(
    storage: Storage, product: Product, expected: ExpectedVersions
) -> None:
    await storage.run(lambda tx: versioning.delete(tx.products, product.id, expected))
    with pytest.raises(NotFound):
        await storage.products.get(product.id)


async def test_deletion_at_another_version_is_refused(storage: Storage, product: Product) -> None:
    with pytest.raises(PreconditionFailed):
        await storage.run(lambda tx: versioning.delete(tx.products, product.id, frozenset({1})))
    assert await storage.products.get(product.id) == product


async def test_notification_is_marked_read_once(storage: Storage, factory: Factory, tick: Tick) -> None:
    user = await factory.user()
    assert (await notifications.of_user(storage, user.id, FIRST_PAGE)).items == []
    [unread] = await storage.run(
        lambda tx: tx.notifications.add([NotificationDraft(user_id=user.id, message="Text")], tick(timedelta()))
    )
    at = tick(MINUTE)
    read = await notifications.mark_read(storage, unread.id)
    assert (read.is_read, read.version, read.updated_at) == (True, 2, at)
    tick(MINUTE)
    assert await notifications.mark_read(storage, unread.id) == read
    assert (await notifications.of_user(storage, user.id, FIRST_PAGE)).items == [read]
    with pytest.raises(NotFound):
        await notifications.of_user(storage, 99, FIRST_PAGE)

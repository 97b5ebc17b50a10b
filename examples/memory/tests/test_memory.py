"""What only this backend does; the conformance suite tests the rest."""

import ast
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import stockroom_memory

from conformance.defaults import settings_for
from core import clock
from core.entities import OrderDraft, OrderItemDraft, PostDraft, ProductDraft, Tag, TagDraft, UserDraft
from core.errors import PoolExhausted
from core.plugins import Registry
from core.services import orders, posts
from core.storage import PageRequest, PostFilter, Storage, Transaction
from core.storage.sorts import NEWEST_FIRST

NEWS = TagDraft(name="News", slug="news")
WINDOW = PageRequest(NEWEST_FIRST, size=100)


async def add(tx: Transaction) -> Tag:
    [tag] = await tx.tags.add([NEWS], clock.now())
    return tag


async def count(storage: Storage) -> int | None:
    return (await storage.tags.page(WINDOW)).total


Open = Callable[..., Awaitable[Storage]]


@pytest.fixture
async def opened(registry: Registry) -> AsyncIterator[Open]:
    """Opens the storage at a URL, with the given settings; all are closed at the end."""
    storages = []

    async def open_at(url: str, **settings: Any) -> Storage:
        storages.append(await registry.by_name["memory"].open(settings_for(url, **settings)))
        return storages[-1]

    yield open_at
    for storage in storages:
        await storage.close()


async def test_one_name_leads_to_one_store(opened: Open) -> None:
    one, same, other = [await opened(f"memory://{name}") for name in ("shop", "shop", "Shop")]
    await one.run(add)
    assert (await count(one), await count(same), await count(other)) == (1, 1, 0)


async def test_store_is_gone_after_the_last_close(opened: Open) -> None:
    one, other = await opened("memory://shop"), await opened("memory://shop")
    await one.run(add)
    await one.close()
    await one.close()
    again = await opened("memory://shop")
    assert await count(again) == await count(other) == 1
    await again.close()
    await other.close()
    assert await count(await opened("memory://shop")) == 0


async def test_store_without_a_name_is_not_shared(opened: Open) -> None:
    one, other = await opened("memory://"), await opened("memory://")
    await one.run(add)
    assert (await count(one), await count(other)) == (1, 0)


def test_store_reopens_in_another_event_loop(registry: Registry) -> None:
    async def use_concurrently() -> None:
        storage = await registry.by_name["memory"].open(settings_for("memory://shop"))

        async def work(tx: Transaction) -> None:
            await asyncio.sleep(0)  # so that the others have to queue
            await tx.tags.by_names(["news"])

        await asyncio.gather(*(storage.run(work) for _ in range(3)))
        await storage.close()

    asyncio.run(use_concurrently())
    asyncio.run(use_concurrently())


async def test_wait_for_the_writer_is_bounded(opened: Open) -> None:
    storage = await opened("memory://", pool_timeout=0.05)

    async def work(_: Transaction) -> None:
        await storage.run(add)  # this unit of work is the writer

    with pytest.raises(PoolExhausted):
        await storage.run(work)
    await storage.run(add)


async def test_writes_after_the_commit_are_lost(storage: Storage) -> None:
    kept: list[Transaction] = []

    async def work(tx: Transaction) -> None:
        kept.append(tx)
        await add(tx)

    await storage.run(work)
    await kept[0].tags.delete(1, clock.now())
    assert await count(storage) == 1


async def test_inner_savepoint_is_undone_alone(storage: Storage) -> None:
    async def part(tx: Transaction, name: str, *, fails: bool) -> None:
        async with tx.savepoint():
            await tx.tags.add([TagDraft(name=name, slug=name)], clock.now())
            if fails:
                raise LookupError

    async def work(tx: Transaction) -> None:
        async with tx.savepoint():
            await add(tx)
            with pytest.raises(LookupError):
                await part(tx, "undone", fails=True)
            await part(tx, "kept", fails=False)

    await storage.run(work)
    names = [tag.name for tag in (await storage.tags.page(WINDOW)).items]
    assert names == ["kept", "News"]


async def test_returned_lists_are_copies(storage: Storage) -> None:
    async def prepare(tx: Transaction) -> None:
        await tx.users.add([UserDraft(username="ada", email="ada@example.com")], ["hash"], clock.now())
        await tx.products.add([ProductDraft(name="Pen", slug="pen", sku="PEN", price=1, stock_quantity=1)], clock.now())

    await storage.run(prepare)
    made = await posts.create_post(storage, PostDraft(title="A", content="B", author_id=1, tags=["News"]))
    placed = await orders.place(storage, OrderDraft(user_id=1, items=[OrderItemDraft(product_id=1, quantity=1)]))
    seen = await posts.count_view(storage, 1)
    for post in (made, seen, await storage.posts.get(1), *(await storage.posts.page(PostFilter(), WINDOW)).items):
        post.tags.clear()
    for order in (placed, await storage.orders.get(1)):
        order.items.clear()
    assert (await storage.posts.get(1)).tags == ["News"]
    assert len((await storage.orders.get(1)).items) == 1


def test_example_imports_only_core() -> None:
    imported = set()
    for file in Path(stockroom_memory.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    assert "core" in imported
    assert not imported & {"api", "backends", "cli", "conformance", "migrations"}

"""Storages: plain entities, no reads of uncommitted data, no global state."""

import asyncio
from dataclasses import FrozenInstanceError, asdict, fields, is_dataclass
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from conformance.fixtures import RoundTrips
from conformance.shop import Shop, populate
from core import clock
from core.plugins import Registry
from core.settings import Settings
from core.storage import OrderFilter, PageRequest, PostFilter, ProductFilter, Storage, Transaction, UserFilter
from core.storage.sorts import NEWEST_FIRST

PAGE = PageRequest(NEWEST_FIRST, size=100)


async def read_everything(storage: Storage) -> list[Any]:
    """Entities of every type that a storage returns."""
    return [
        await storage.users.get(1),
        await storage.posts.get(1),
        await storage.orders.get(1),
        await storage.orders.details(1),
        *(await storage.users.page(UserFilter(), PAGE)).items,
        *(await storage.posts.page(PostFilter(), PAGE)).items,
        *(await storage.products.page(ProductFilter(), PAGE)).items,
        *(await storage.products.page_with_category(ProductFilter(), PAGE)).items,
        *(await storage.orders.page(OrderFilter(), PAGE)).items,
        *(await storage.categories.all()),
        *(await storage.tags.page(PAGE)).items,
        *(await storage.accounts.transfers(1, PAGE)).items,
        *(await storage.notifications.page(1, PAGE)).items,
    ]


async def test_entities_load_nothing_lazily(shop: Shop, app: FastAPI, round_trips: RoundTrips) -> None:
    await populate(shop)
    storage: Storage = app.state.storage
    found = await read_everything(storage)
    await storage.close()
    with round_trips() as made:
        for entity in found:
            assert is_dataclass(type(entity))
            assert type(entity).__module__.startswith("core.entities")
            assert set(asdict(entity)) == {field.name for field in fields(entity)}
            with pytest.raises(FrozenInstanceError):
                entity.id = 2
    assert made == []


async def test_reads_do_not_see_uncommitted_work(shop: Shop, app: FastAPI) -> None:
    user, product = await shop.user(), await shop.product()
    order = await shop.order(user, product)
    release, written = asyncio.Event(), asyncio.Event()

    async def work(tx: Transaction) -> None:
        await tx.users.delete(user["id"], clock.now())
        written.set()
        await release.wait()

    storage: Storage = app.state.storage
    writing = asyncio.create_task(storage.run(work))
    await written.wait()
    reading = asyncio.create_task(storage.orders.get(order["id"]))
    done, _ = await asyncio.wait([reading], timeout=0.5)
    release.set()
    await writing
    assert not done or (await reading).id == order["id"]


def test_apps_in_two_event_loops_share_nothing(settings: Settings, registry: Registry) -> None:
    async def serve(name: str) -> list[str]:
        app = create_app(settings, registry=registry)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://shop.test") as client,
        ):
            shop = Shop(client)
            await asyncio.gather(*(shop.tag(name=f"{name} {number}") for number in range(5)))
            return [tag["name"] for tag in (await shop.get("/tags?sort=name"))["items"]]

    assert asyncio.run(serve("a")) == [f"a {number}" for number in range(5)]
    assert {f"b {number}" for number in range(5)} <= set(asyncio.run(serve("b")))

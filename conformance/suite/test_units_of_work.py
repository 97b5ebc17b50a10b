"""Units of work, called directly: cases that no request can cause, because core prevents them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from conformance.fixtures import Tick
from conformance.shop import Shop
from core import clock
from core.entities import PAYMENT, CategoryDraft, NewPayment, NotificationDraft
from core.storage import Storage, Transaction

CLOCK_STEPS = {"later": timedelta(hours=1), "the clock went back": timedelta(hours=-1)}


async def test_trailing_space_makes_another_name(storage: Storage) -> None:
    drafts = [CategoryDraft(name=name, slug=f"slug-{number}") for number, name in enumerate(("a", "a ", "a\u00a0"))]

    async def work(tx: Transaction) -> None:
        for draft in drafts:
            await tx.categories.add([draft], clock.now())

    await storage.run(work)
    assert [category.name for category in await storage.categories.all()] == ["a", "a ", "a\u00a0"]


async def _lock_order(tx: Transaction) -> None:
    await tx.orders.lock(1)


async def _change_order(tx: Transaction) -> None:
    order = await tx.orders.lock(1)
    await tx.orders.save(replace(order, version=order.version + 1))


async def _pay_order(tx: Transaction) -> None:
    await tx.entities(PAYMENT).add([NewPayment(order_id=1, amount=7999, method="card")], clock.now())


async def _lock_post(tx: Transaction) -> None:
    await tx.posts.lock(1)


async def _lock_notification(tx: Transaction) -> None:
    await tx.notifications.lock(1)


async def _notify_of_order(tx: Transaction) -> None:
    draft = NotificationDraft(user_id=2, order_id=1, message="To another user.")
    [made] = await tx.notifications.add([draft], clock.now())
    await tx.notifications.lock(made.id)


@pytest.mark.parametrize(
    "lock",
    [_lock_order, _change_order, _pay_order, _lock_post, _lock_notification, _notify_of_order],
    ids=lambda lock: lock.__name__.removeprefix("_"),
)
async def test_owner_of_locked_entity_can_be_deleted(
    shop: Shop, app: FastAPI, lock: Callable[[Transaction], Awaitable[None]]
) -> None:
    owner, other = await shop.user(), await shop.user()
    await shop.new_post(owner)
    await shop.order(owner, await shop.product(), notify=True)
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await lock(tx)
        await tx.users.delete(owner["id"], clock.now())

    await app.state.storage.run(work)
    left = await shop.contents()
    assert [user["id"] for user in left["users"]] == [other["id"]]
    assert (left["posts"], left["orders"], left["users"][0]["notifications"]) == ([], [], [])
    assert runs == 1, "there was no conflict"


async def _versions_and_dates(shop: Shop, *paths: str) -> list[Any]:
    return [(row["version"], row["updated_at"]) for row in [await shop.get(path) for path in paths]]


@pytest.mark.parametrize("step", CLOCK_STEPS.values(), ids=CLOCK_STEPS)
async def test_stock_and_balance_dates_never_go_back(shop: Shop, app: FastAPI, tick: Tick, step: timedelta) -> None:
    start, product = tick(timedelta()), await shop.product()
    user = await shop.user()
    for _ in range(2):
        await shop.account(user, "5.00")
    at = start + step

    async def work(tx: Transaction) -> None:
        await tx.accounts.adjust_balances({1: -100, 2: 100}, at)
        await tx.products.adjust_stock({product["id"]: 1}, at)

    await app.state.storage.run(work)
    dated = (2, clock.to_json(max(start, at)))
    assert await _versions_and_dates(shop, "/accounts/1", "/accounts/2", "/products/1") == [dated] * 3


@pytest.mark.parametrize("step", CLOCK_STEPS.values(), ids=CLOCK_STEPS)
async def test_cascaded_dates_never_go_back(shop: Shop, tick: Tick, step: timedelta) -> None:
    latest = tick(timedelta())
    category = await shop.category()
    await shop.category(parent_id=category["id"])
    await shop.product(category_id=category["id"])
    await shop.new_post(await shop.user(), tags=["news", "more"])
    for url, changed_paths in (("/categories/1", ["/categories/2", "/products/1"]), ("/tags/1", ["/posts/1"])):
        latest = max(latest, tick(step))
        assert (await shop.client.delete(url)).status_code == 204
        assert await _versions_and_dates(shop, *changed_paths) == [(2, clock.to_json(latest))] * len(changed_paths)
    latest = max(latest, tick(step))
    assert (await shop.client.patch("/tags/2", json={"name": "renamed"})).status_code == 200
    assert await _versions_and_dates(shop, "/posts/1") == [(3, clock.to_json(latest))]


async def test_waiting_lock_returns_current_tags(shop: Shop, app: FastAPI) -> None:
    storage: Storage = app.state.storage
    await shop.new_post(await shop.user(), tags=["old"])
    await shop.tag(name="new")
    changed, release = asyncio.Event(), asyncio.Event()

    async def change(tx: Transaction) -> None:
        post = await tx.posts.lock(1)
        await tx.posts.save(replace(post, version=post.version + 1, tags=["new"]), await tx.tags.by_names(["new"]))
        changed.set()
        await release.wait()

    async def lock_later(tx: Transaction) -> tuple[int, list[str]]:
        post = await tx.posts.lock(1)
        await tx.posts.save(replace(post, version=post.version + 1, title="Looked at"))
        return post.version, list(post.tags)

    changing = asyncio.create_task(storage.run(change))
    await changed.wait()
    locking = asyncio.create_task(storage.run(lock_later))
    await asyncio.wait([locking], timeout=0.3)
    release.set()
    await changing
    assert await locking == (2, ["new"])

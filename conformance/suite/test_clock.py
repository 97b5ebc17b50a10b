"""A clock that goes back: ``updated_at`` never does."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from conformance.fixtures import Tick
from conformance.shop import Json, Shop
from core import clock

Change = Callable[[Shop], Awaitable[object]]


async def delete(shop: Shop, path: str) -> None:
    assert (await shop.client.delete(path)).status_code == 204


CHANGES: dict[str, tuple[str, Change]] = {
    "an order takes stock": ("/products/1", lambda shop: shop.order({"id": 1}, {"id": 1})),
    "stock is changed": (
        "/products/1",
        lambda shop: shop.client.post("/products/1/stock", json={"quantity_change": 1}),
    ),
    "a category goes": ("/products/1", lambda shop: delete(shop, "/categories/1")),
    "the category above goes": ("/categories/2", lambda shop: delete(shop, "/categories/1")),
    "a tag is renamed": ("/posts/1", lambda shop: shop.client.patch("/tags/1", json={"name": "New"})),
    "a tag goes": ("/posts/1", lambda shop: delete(shop, "/tags/1")),
    "money comes": ("/accounts/1", lambda shop: shop.client.post("/accounts/1/deposit", json={"amount": 1})),
    "money goes": (
        "/accounts/1",
        lambda shop: shop.client.post(
            "/accounts/transfers", json={"from_account_id": 1, "to_account_id": 2, "amount": 1}
        ),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_updated_at_never_goes_back(shop: Shop, tick: Tick, name: str) -> None:
    before = await create_all(shop, CHANGES[name][0])
    tick(timedelta(hours=-1))
    await CHANGES[name][1](shop)
    after = await shop.get(CHANGES[name][0])
    assert (after["version"], after["updated_at"]) == (2, before["updated_at"])


async def create_all(shop: Shop, path: str) -> Json:
    """Create every entity that changes; the one at ``path``."""
    user, category = await shop.user(), await shop.category()
    await shop.category(parent_id=category["id"])
    await shop.product(category_id=category["id"])
    await shop.new_post(user, tags=["old"])
    for _ in range(2):
        await shop.account(user, "10.00")
    found: Json = await shop.get(path)
    return found


async def test_renamed_tag_dates_posts_by_clock(shop: Shop, tick: Tick) -> None:
    tag = await shop.tag()
    now = clock.to_json(tick(timedelta(hours=-1)))
    await shop.new_post(await shop.user(), tags=[tag["name"]])
    await shop.client.patch("/tags/1", json={"name": "New"})
    post = await shop.get("/posts/1")
    assert (post["version"], post["updated_at"]) == (2, now)

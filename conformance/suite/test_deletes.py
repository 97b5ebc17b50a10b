"""Deletions: what is deleted with an entity, what loses its reference, and what prevents the deletion."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from conformance.fixtures import Tick
from conformance.problem import error_fields, error_of
from conformance.shop import Json, Shop
from core import clock

REFERENCED = (409, "referenced")


async def read_stock(shop: Shop, product: Json) -> int:
    found: int = (await shop.get(f"/products/{product['id']}"))["stock_quantity"]
    return found


async def create_busy_user(shop: Shop, product: Json, tag: str) -> Json:
    """A user with a post, an order, a payment and a notification."""
    user = await shop.user()
    await shop.new_post(user, tags=[tag])
    order = await shop.order(user, product, notify=True)
    await shop.post(f"/orders/{order['id']}/payments", {"amount": order["total_amount"], "method": "card"})
    return user


async def test_user_delete_cascades(shop: Shop) -> None:
    product = await shop.product(stock_quantity=5)
    kept = await create_busy_user(shop, product, "kept")
    before = await shop.contents()
    user = await create_busy_user(shop, product, "kept")
    assert (await shop.client.delete(f"/users/{user['id']}")).status_code == 204
    after = await shop.contents()
    assert after["users"] == before["users"] != []
    assert after["posts"] == before["posts"] != []
    assert after["orders"] == before["orders"] != []
    assert after["tags"] == before["tags"] != []
    assert after["products"][0]["stock_quantity"] == 4, "the order of the kept user stays"
    assert (await shop.get("/orders/stats/summary"))["total_orders"] == 1
    assert error_of(await shop.client.get(f"/users/{user['id']}/notifications")) == (404, "not-found")
    assert (await shop.get(f"/users/{kept['id']}/notifications"))["total"] == 1
    assert error_of(await shop.client.post("/notifications/2/read")) == (404, "not-found")


async def test_order_items_are_deleted_with_order(shop: Shop) -> None:
    product = await shop.product()
    user = await create_busy_user(shop, product, "t")
    assert error_of(await shop.client.delete(f"/products/{product['id']}")) == REFERENCED
    await shop.client.delete(f"/users/{user['id']}")
    assert (await shop.client.delete(f"/products/{product['id']}")).status_code == 204


async def test_user_with_account_cannot_be_deleted(shop: Shop) -> None:
    user = await create_busy_user(shop, await shop.product(), "t")
    accounts = [await shop.account(user, balance) for balance in ("0.01", "0.00", "7.00")]
    before = await shop.contents()
    response = await shop.client.delete(f"/users/{user['id']}")
    assert (error_of(response), error_fields(response)) == (REFERENCED, ["accounts"])
    assert f": account {accounts[0]['id']}, account {accounts[2]['id']}." in response.json()["detail"]
    assert await shop.contents() == before


@pytest.mark.parametrize(
    ("statuses", "left"), [([], 5), (["confirmed"], 5), (["confirmed", "shipped"], 2), (["cancelled"], 5)]
)
async def test_stock_of_open_orders_is_restored(shop: Shop, statuses: list[str], left: int) -> None:
    product, other = await shop.product(stock_quantity=5), await shop.product(stock_quantity=9)
    user = await shop.user(is_active=False)
    order = await shop.order(user, product, quantity=3)
    for status in statuses:
        await shop.client.patch(f"/orders/{order['id']}/status?new_status={status}")
    await shop.order(user, product, other)
    kept = await shop.order(await shop.user(), other)
    if left == 5:
        assert (await shop.client.delete(f"/users/{user['id']}")).status_code == 204
    else:
        assert (await shop.client.delete("/users/bulk/inactive")).json() == {"deleted_count": 1, "kept": []}
    assert [await read_stock(shop, one) for one in (product, other)] == [left, 8]
    assert (await shop.get("/orders"))["items"] == [{name: kept[name] for name in kept if name != "items"}]


async def test_empty_accounts_are_closed_with_user(shop: Shop) -> None:
    user, other = await shop.user(), await shop.user()
    source, target = await shop.account(user, "5.00"), await shop.account(other)
    body = {"from_account_id": source["id"], "to_account_id": target["id"], "amount": "5.00"}
    transfer = await shop.post("/accounts/transfers", body)
    await shop.account(user)
    assert (await shop.client.delete(f"/users/{user['id']}")).status_code == 204
    assert [account["id"] for account in (await shop.get("/accounts"))["items"]] == [target["id"]]
    assert (await shop.get(f"/accounts/{target['id']}/transfers"))["items"] == [transfer]


async def test_refund_keeps_user_from_deletion(shop: Shop) -> None:
    user = await shop.user()
    _, account, _ = await shop.paid_order(user)
    before = await shop.contents()
    response = await shop.client.delete(f"/users/{user['id']}")
    assert (error_of(response), error_fields(response)) == (REFERENCED, ["accounts"])
    assert response.json()["detail"].endswith(f": account {account['id']}.")
    assert await shop.contents() == before


async def test_account_of_other_user_gets_its_money_back(shop: Shop) -> None:
    user, giver = await shop.user(), await shop.user()
    order, account = await shop.order(user, await shop.product()), await shop.account(giver, "80.00")
    body = {"amount": "79.99", "method": "account", "account_id": account["id"]}
    await shop.post(f"/orders/{order['id']}/payments", body)
    assert (await shop.client.delete(f"/users/{user['id']}")).status_code == 204
    assert (await shop.get(f"/accounts/{account['id']}"))["balance"] == "80.00"


async def test_orders_and_deletion_conserve_stock(shop: Shop) -> None:
    product = await shop.product(stock_quantity=1000)
    for _ in range(5):
        user = await shop.user()
        body = {"user_id": user["id"], "items": [{"product_id": product["id"], "quantity": 1}]}
        await shop.post("/orders", body)
        await asyncio.gather(
            *(shop.client.post("/orders", json=body) for _ in range(4)), shop.client.delete(f"/users/{user['id']}")
        )
        assert (await shop.client.get(f"/users/{user['id']}")).status_code == 404
    assert await read_stock(shop, product) == 1000


async def test_inactive_user_delete_cascades(shop: Shop) -> None:
    product = await shop.product()
    kept, gone = await create_busy_user(shop, product, "t"), await create_busy_user(shop, product, "t")
    await shop.client.delete(f"/users/{gone['id']}/soft")
    assert (await shop.client.delete("/users/bulk/inactive")).json() == {"deleted_count": 1, "kept": []}
    assert [post["author_id"] for post in (await shop.get("/posts"))["items"]] == [kept["id"]]
    assert [order["user_id"] for order in (await shop.get("/orders"))["items"]] == [kept["id"]]


async def test_inactive_user_with_money_is_kept(shop: Shop) -> None:
    product = await shop.product()
    users = [await create_busy_user(shop, product, "t") for _ in range(3)]
    account = await shop.account(users[1], "1.00")
    await shop.account(users[2])
    for user in users:
        await shop.client.delete(f"/users/{user['id']}/soft")
    for count in (2, 0):
        answer = (await shop.client.delete("/users/bulk/inactive")).json()
        [kept] = answer["kept"]
        assert (answer["deleted_count"], kept["id"]) == (count, users[1]["id"])
        assert kept["reason"].endswith(f": account {account['id']}.")
    assert [user["id"] for user in (await shop.get("/users"))["items"]] == [users[1]["id"]]


async def test_full_stock_keeps_only_its_users(shop: Shop) -> None:
    full, product = await shop.product(), await shop.product(stock_quantity=5)
    users = [await shop.user(is_active=False) for _ in range(3)]
    for user in users:
        await shop.order(user, full if user is users[1] else product)
    await shop.client.patch(f"/products/{full['id']}", json={"stock_quantity": 2_147_483_647})
    answer = (await shop.client.delete("/users/bulk/inactive")).json()
    assert (answer["deleted_count"], [kept["id"] for kept in answer["kept"]]) == (2, [users[1]["id"]])
    assert await read_stock(shop, product) == 5
    response = await shop.client.delete(f"/users/{users[1]['id']}")
    assert error_of(response) == (400, "stock-limit")


async def test_ordered_product_cannot_be_deleted(shop: Shop) -> None:
    product = await shop.product()
    order = await shop.order(await shop.user(), product)
    for _ in range(2):
        response = await shop.client.delete(f"/products/{product['id']}")
        assert (error_of(response), error_fields(response)) == (REFERENCED, ["order items"])
        await shop.client.patch(f"/orders/{order['id']}/status?new_status=cancelled")
    assert (await shop.get(f"/products/{product['id']}"))["version"] == 3


async def test_deleted_category_is_unset_in_references(shop: Shop, tick: Tick) -> None:
    root, kept = await shop.category(), await shop.category()
    middle = await shop.category(parent_id=root["id"])
    leaves = [await shop.category(parent_id=middle["id"]) for _ in range(2)]
    inside = [await shop.product(category_id=middle["id"], is_active=active) for active in (True, False)]
    outside = await shop.product(category_id=kept["id"])
    now = clock.to_json(tick(timedelta(days=1)))
    assert (await shop.client.delete(f"/categories/{middle['id']}")).status_code == 204
    for leaf in leaves:
        changed = {"parent_id": None, "version": 2, "updated_at": now}
        assert await shop.get(f"/categories/{leaf['id']}") == leaf | changed
    for product in inside:
        changed = {"category_id": None, "version": 2, "updated_at": now}
        assert await shop.get(f"/products/{product['id']}") == product | changed
    assert await shop.get(f"/products/{outside['id']}") == outside
    assert await shop.get(f"/categories/{root['id']}") == root
    assert [node["id"] for node in await shop.get("/categories/tree")] == [row["id"] for row in (root, kept, *leaves)]


async def test_products_of_deleted_category_may_share_name(shop: Shop) -> None:
    category = await shop.category()
    await shop.product(name="Same")
    product = await shop.product(name="Same", category_id=category["id"])
    assert (await shop.client.delete(f"/categories/{category['id']}")).status_code == 204
    assert (await shop.get(f"/products/{product['id']}"))["category_id"] is None


async def test_deleted_category_is_unknown_reference(shop: Shop) -> None:
    category = await shop.category()
    await shop.client.delete(f"/categories/{category['id']}")
    for path, body in (
        ("/products", shop.draft() | {"category_id": category["id"]}),
        ("/categories", {"name": "x", "parent_id": category["id"]}),
    ):
        assert error_of(await shop.client.post(path, json=body)) == (400, "unknown-reference")


async def test_deleted_post_keeps_its_tags(shop: Shop) -> None:
    user = await shop.user()
    post, kept = await shop.new_post(user, tags=["a", "b"]), await shop.new_post(user, tags=["a"])
    tags = (await shop.get("/tags?sort=id"))["items"]
    assert (await shop.client.delete(f"/posts/{post['id']}")).status_code == 204
    assert (await shop.get("/tags?sort=id"))["items"] == tags
    found = {tag["name"]: (await shop.get(f"/tags/{tag['id']}/posts"))["items"] for tag in tags}
    assert found == {"a": [kept], "b": []}


async def test_deleted_tag_is_removed_from_posts(shop: Shop, tick: Tick) -> None:
    user = await shop.user()
    tagged, untagged = await shop.new_post(user, tags=["a", "b"]), await shop.new_post(user, tags=["b"])
    [tag] = [tag for tag in (await shop.get("/tags"))["items"] if tag["name"] == "a"]
    now = clock.to_json(tick(timedelta(days=1)))
    assert (await shop.client.delete(f"/tags/{tag['id']}")).status_code == 204
    changed = {"tags": ["b"], "version": 2, "updated_at": now}
    assert await shop.get(f"/posts/{tagged['id']}") == tagged | changed
    assert await shop.get(f"/posts/{untagged['id']}") == untagged
    assert (await shop.get("/posts?tag=a"))["items"] == []
    again = await shop.new_post(user, tags=["a"])
    assert again["tags"] == ["a"]
    assert (await shop.get("/tags?sort=-id"))["items"][0]["id"] > tag["id"]


async def test_ids_are_never_reused(shop: Shop) -> None:
    user, product = await shop.user(), await shop.product()
    makers: dict[str, Callable[[], Awaitable[Json]]] = {
        "/users": shop.user,
        "/products": shop.product,
        "/categories": shop.category,
        "/tags": shop.tag,
        "/posts": lambda: shop.new_post(user),
    }
    assert (user["id"], product["id"]) == (1, 1)
    for path, make in makers.items():
        last = (await make())["id"]
        assert (await shop.client.delete(f"{path}/{last}")).status_code == 204
        assert (await make())["id"] > last
        assert error_of(await shop.client.get(f"{path}/{last}")) == (404, "not-found")


async def test_delete_of_unknown_id_is_404(shop: Shop) -> None:
    for path in ("/users/9", "/users/9/soft", "/products/9", "/categories/9", "/tags/9", "/posts/9"):
        assert error_of(await shop.client.delete(path)) == (404, "not-found")

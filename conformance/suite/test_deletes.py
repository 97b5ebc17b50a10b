"""Deletions: what is deleted with an entity, what loses its reference, and what prevents the deletion."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from conformance.fixtures import Tick
from conformance.problem import error_fields, error_of
from conformance.shop import Json, Shop
from core import clock

REFERENCED = (409, "referenced")


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
    assert after["products"][0]["stock_quantity"] == 3, "what was sold stays sold"
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
    await shop.account(user)
    before = await shop.contents()
    response = await shop.client.delete(f"/users/{user['id']}")
    assert (error_of(response), error_fields(response)) == (REFERENCED, ["accounts"])
    assert await shop.contents() == before


async def test_inactive_user_delete_cascades(shop: Shop) -> None:
    product = await shop.product()
    kept, gone = await create_busy_user(shop, product, "t"), await create_busy_user(shop, product, "t")
    await shop.client.delete(f"/users/{gone['id']}/soft")
    assert (await shop.client.delete("/users/bulk/inactive")).json() == {"deleted_count": 1}
    assert [post["author_id"] for post in (await shop.get("/posts"))["items"]] == [kept["id"]]
    assert [order["user_id"] for order in (await shop.get("/orders"))["items"]] == [kept["id"]]


async def test_account_blocks_delete_of_inactive_users(shop: Shop) -> None:
    product = await shop.product()
    users = [await create_busy_user(shop, product, "t") for _ in range(3)]
    await shop.account(users[1])
    for user in users:
        await shop.client.delete(f"/users/{user['id']}/soft")
    before = await shop.contents()
    response = await shop.client.delete("/users/bulk/inactive")
    assert (error_of(response), error_fields(response)) == (REFERENCED, ["accounts"])
    assert await shop.contents() == before


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

"""Statistics: equal to the cent on every storage."""

from conformance.problem import error_fields, error_of
from conformance.shop import Json, Shop

EMPTY = {"pending": 0, "confirmed": 0, "shipped": 0, "delivered": 0, "cancelled": 0}


async def test_empty_shop_has_zero_stats(shop: Shop) -> None:
    summary = {"total_orders": 0, "total_revenue": "0.00", "orders_by_status": EMPTY}
    assert await shop.get("/orders/stats/summary") == summary
    assert await shop.get("/users/top-spenders") == []
    assert await shop.get("/products/by-category-stats") == []
    assert await shop.get("/users/stats/active-count") == {"active_users": 0}


async def test_summary_excludes_cancelled_revenue(shop: Shop) -> None:
    user, product = await shop.user(), await shop.product(price="79.99")
    paths = [[], [], ["confirmed"], ["confirmed", "shipped"], ["confirmed", "shipped", "delivered"], ["cancelled"]]
    for statuses in paths:
        order = await shop.order(user, product)
        for status in statuses:
            await shop.client.patch(f"/orders/{order['id']}/status?new_status={status}")
    assert await shop.get("/orders/stats/summary") == {
        "total_orders": 6,
        "total_revenue": "399.95",
        "orders_by_status": {"pending": 2, "confirmed": 1, "shipped": 1, "delivered": 1, "cancelled": 1},
    }


def expected_row(user: Json, count: int, spent: str) -> Json:
    return {
        "user_id": user["id"],
        "username": user["username"],
        "email": user["email"],
        "order_count": count,
        "total_spent": spent,
    }


async def test_top_spenders_are_sorted_with_ties_by_id(shop: Shop) -> None:
    users = [await shop.user() for _ in range(5)]
    product = await shop.product(price="0.10")
    for index, quantity in ((3, 3), (0, 3), (1, 1), (1, 2), (1, 1), (4, 1), (2, 9)):
        order = await shop.order(users[index], product, quantity=quantity)
    await shop.client.patch(f"/orders/{order['id']}/status?new_status=cancelled")
    cancelled = await shop.order(users[4], product, quantity=50)
    await shop.client.patch(f"/orders/{cancelled['id']}/status?new_status=cancelled")
    expected = [
        expected_row(users[1], 3, "0.40"),
        expected_row(users[0], 1, "0.30"),
        expected_row(users[3], 1, "0.30"),
        expected_row(users[4], 1, "0.10"),
    ]
    assert await shop.get("/users/top-spenders") == expected
    assert await shop.get("/users/top-spenders?limit=2") == expected[:2]
    for limit in ("0", "101", "x", "-1"):
        response = await shop.client.get(f"/users/top-spenders?limit={limit}")
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["limit"])


async def test_top_spenders_default_to_ten(shop: Shop) -> None:
    product = await shop.product()
    for _ in range(11):
        await shop.order(await shop.user(), product)
    assert len(await shop.get("/users/top-spenders")) == 10
    assert len(await shop.get("/users/top-spenders?limit=100")) == 11


async def create_products(shop: Shop, category: Json | None, *prices: str, is_active: bool = True) -> None:
    for price in prices:
        await shop.product(price=price, category_id=category and category["id"], is_active=is_active)


async def test_category_stats_cover_active_products(shop: Shop) -> None:
    many, few, tied, idle = [await shop.category(name=name) for name in ("Many", "few", "Tied", "Idle")]
    await shop.category(name="Empty")
    await create_products(shop, many, "1.00", "2.00", "3.00")
    await create_products(shop, few, "5.00", "10.00")
    await create_products(shop, tied, "0.01", "99999999.99")
    await create_products(shop, None, "7.00", "7.01")
    await create_products(shop, idle, "9.00", is_active=False)
    await create_products(shop, few, "0.50", is_active=False)
    names = ("category", "product_count", "avg_price", "min_price", "max_price")
    assert await shop.get("/products/by-category-stats") == [
        dict(zip(names, row, strict=True))
        for row in (
            ("Many", 3, "2.00", "1.00", "3.00"),
            (None, 2, "7.00", "7.00", "7.01"),
            ("Tied", 2, "50000000.00", "0.01", "99999999.99"),
            ("few", 2, "7.50", "5.00", "10.00"),
        )
    ]


async def test_averages_are_rounded_half_to_even(shop: Shop) -> None:
    cases = {
        "0.02": ["0.01", "0.02"],  # 0.015 to the even 0.02
        "0.04": ["0.03", "0.04"],  # 0.035 to the even 0.04
        "0.12": ["0.12", "0.13"],  # 0.125 to the even 0.12
        "0.01": ["0.01", "0.01", "0.02"],
        "0.03": ["0.03", "0.03", "0.02"],
        "1.00": ["0.99", "1.00", "1.01"],
        "99999999.98": ["99999999.99", "99999999.98", "99999999.98"],
    }
    for expected, prices in cases.items():
        category = await shop.category(name=expected)
        await create_products(shop, category, *prices)
    averages = {row["category"]: row["avg_price"] for row in await shop.get("/products/by-category-stats")}
    assert averages == {name: name for name in cases}


async def test_ties_are_ordered_by_code_point(shop: Shop) -> None:
    names = ["Z", "a", "B", "é", "e", "ﬁ", "😀", "_", "10", "9"]
    for name in names:
        await create_products(shop, await shop.category(name=name), "1.00")
    assert [row["category"] for row in await shop.get("/products/by-category-stats")] == sorted(names)


async def test_sums_of_highest_prices_are_exact(shop: Shop) -> None:
    category = await shop.category()
    bodies = [shop.draft() | {"price": "99999999.99", "category_id": category["id"]} for _ in range(999)]
    await shop.post("/products/bulk", [*bodies, shop.draft() | {"price": "99999999.98", "category_id": category["id"]}])
    [row] = await shop.get("/products/by-category-stats")
    assert (row["product_count"], row["avg_price"], row["min_price"]) == (1000, "99999999.99", "99999999.98")


async def test_summary_is_narrowed_to_a_user(shop: Shop) -> None:
    user, other, product = await shop.user(), await shop.user(), await shop.product(price="10.00")
    for each in (user, user, other):
        order = await shop.order(each, product)
    await shop.client.patch(f"/orders/{order['id']}/status?new_status=cancelled")
    for key, count, revenue in ((user["id"], 2, "20.00"), (other["id"], 1, "0.00"), (99, 0, "0.00")):
        found = await shop.get(f"/orders/stats/summary?user_id={key}")
        assert (found["total_orders"], found["total_revenue"]) == (count, revenue)
        assert sum(found["orders_by_status"].values()) == count

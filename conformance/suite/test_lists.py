"""Lists: the envelope, pages by number, and cursors that neither repeat nor hide a row."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest

from conformance.problem import error_fields, error_of
from conformance.shop import Json, Shop
from core.storage import sorts

ENVELOPE = ["items", "total", "page", "page_size", "total_pages", "has_next", "has_previous", "next_cursor"]
DIRECTIONS = ["", "-"]


async def walk_pages(shop: Shop, path: str, size: int) -> AsyncIterator[list[Json]]:
    """The pages of a walk by cursor through a whole list."""
    cursor = ""
    while True:
        listing = await shop.get(f"{path}page_size={size}&cursor={cursor}")
        assert [listing[name] for name in ("total", "page", "total_pages")] == [None, None, None]
        assert listing["has_previous"] == bool(cursor)
        assert listing["has_next"] == (listing["next_cursor"] is not None)
        yield listing["items"]
        if not listing["has_next"]:
            return
        cursor = listing["next_cursor"]


async def walk_rows(shop: Shop, path: str, size: int) -> list[Json]:
    return [row async for page in walk_pages(shop, path, size) for row in page]


async def read_by_number(shop: Shop, path: str, size: int) -> list[Json]:
    """All rows, by numbered pages."""
    rows, number = [], 1
    while (listing := await shop.get(f"{path}page_size={size}&page={number}"))["has_next"]:
        rows += listing["items"]
        number += 1
    return [*rows, *listing["items"]]


def sort_by(field: str, sign: str) -> Callable[[list[Json]], list[Json]]:
    """The order of a list: null before every value, text by code point, then the id in the same direction."""
    kind = Decimal if field in ("price", "total_amount") else lambda value: value
    return lambda rows: sorted(
        rows, key=lambda row: (row[field] is not None, kind(row[field]), row["id"]), reverse=sign == "-"
    )


# The envelope


async def test_empty_list_has_envelope(shop: Shop) -> None:
    listing = await shop.get("/products")
    assert list(listing) == ENVELOPE
    assert list(listing.values()) == [[], 0, 1, 20, 0, False, False, None]


async def test_pages_are_selected_by_number(shop: Shop) -> None:
    products = await shop.post("/products/bulk", [shop.draft() for _ in range(45)])
    products.reverse()
    for page, count in ((1, 20), (2, 20), (3, 5), (4, 0), (2_147_483_647, 0)):
        listing = await shop.get(f"/products?page={page}")
        start = 20 * (page - 1)
        assert listing["items"] == products[start : start + 20]
        assert len(listing["items"]) == count
        assert [listing[name] for name in ENVELOPE[1:5]] == [45, page, 20, 3]
        assert (listing["has_next"], listing["has_previous"]) == (page < 3, page > 1)
        assert (listing["next_cursor"] is None) == (page >= 3)


async def test_page_size_limits_rows(shop: Shop) -> None:
    await shop.post("/products/bulk", [shop.draft() for _ in range(45)])
    for size in (1, 44, 45, 46, 100):
        listing = await shop.get(f"/products?page_size={size}")
        assert (len(listing["items"]), listing["page_size"]) == (min(size, 45), size), size
        assert listing["total_pages"] == -(-45 // size), size
        assert listing["has_next"] == (size < 45), size


async def test_numbered_page_continues_by_cursor(shop: Shop) -> None:
    products = await shop.post("/products/bulk", [shop.draft() for _ in range(7)])
    second = await shop.get("/products?sort=id&page=2&page_size=3")
    rest = await shop.get(f"/products?page_size=3&cursor={second['next_cursor']}")
    assert second["items"] + rest["items"] == products[3:]


async def test_default_order_is_newest_first(shop: Shop) -> None:
    tags = [await shop.tag() for _ in range(3)]
    assert (await shop.get("/tags"))["items"] == tags[::-1] == (await shop.get("/tags?sort=-created_at"))["items"]
    assert (await shop.get("/tags?sort=created_at"))["items"] == tags


INVALID = {
    "page=0": "page",
    "page=-1": "page",
    "page=1.5": "page",
    "page=x": "page",
    "page=": "page",
    "page=2147483648": "page",
    "page=99999999999999999999": "page",
    "page_size=0": "page_size",
    "page_size=101": "page_size",
    "page_size=all": "page_size",
    "sort=": "sort",
    "sort=color": "sort",
    "sort=--id": "sort",
    "sort=ID": "sort",
    "sort=search_key": "sort",
    "sort=id,name": "sort",
    "cursor=broken": "cursor",
    "cursor=%00": "cursor",
    "page=1&cursor=": "cursor",
    "page=1&page=2": "page",
    "limit=5": "limit",
}


async def test_invalid_list_parameter_is_named(shop: Shop) -> None:
    for query, field in INVALID.items():
        response = await shop.client.get(f"/products?{query}")
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), [field]), query


async def test_cursor_carries_its_sort(shop: Shop) -> None:
    await shop.post("/products/bulk", [shop.draft() for _ in range(3)])
    cursor = (await shop.get("/products?sort=-sku&page_size=1"))["next_cursor"]
    following = await shop.get(f"/products?page_size=1&cursor={cursor}")
    assert await shop.get(f"/products?page_size=1&cursor={cursor}&sort=-sku") == following
    for path in (f"/products?cursor={cursor}&sort=sku", f"/tags?cursor={cursor}"):
        response = await shop.client.get(path)
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["cursor"])


# Every sort of every list, with ties


@pytest.fixture
async def products(shop: Shop) -> list[Json]:
    """250 products with equal times, and few different prices, stocks and names."""
    names = ["b", "B", "a", "é", "e\u0301a", "z", "ﬁ", "😀", "\uffee", "10", "9", "_", "~"]
    choices = [{"name": names[n % 13], "price": f"{n % 7 + 1}.00", "stock_quantity": n % 5} for n in range(250)]
    stored: list[Json] = await shop.post("/products/bulk", [shop.draft() | chosen for chosen in choices])
    return stored


async def test_products_paginate_stably_in_every_order(shop: Shop, products: list[Json]) -> None:
    for field in sorts.PRODUCTS:
        for sign in DIRECTIONS:
            expected = sort_by(field, sign)(products)
            assert await walk_rows(shop, f"/products?sort={sign}{field}&", 100) == expected, f"{sign}{field}"
    assert await read_by_number(shop, "/products?sort=-price&", 99) == sort_by("price", "-")(products)


@pytest.fixture
async def posts(shop: Shop) -> list[Json]:
    """12 posts, some published, with few different titles and views."""
    user = await shop.user()
    posts = []
    for number in range(12):
        status = "published" if number % 3 else "draft"
        post = await shop.new_post(user, title=f"T {number % 4}", status=status, tags=[f"t{number}"])
        for _ in range(number % 2):
            post = (await shop.client.post(f"/posts/{post['id']}/view")).json()
        posts.append(post)
    return posts


async def test_posts_paginate_with_nulls_first(shop: Shop, posts: list[Json]) -> None:
    for field in sorts.POSTS:
        for sign in DIRECTIONS:
            expected = sort_by(field, sign)(posts)
            assert await walk_rows(shop, f"/posts?sort={sign}{field}&", 5) == expected, f"{sign}{field}"
            assert await read_by_number(shop, f"/posts?sort={sign}{field}&", 5) == expected, f"{sign}{field}"
    dates = [post["published_at"] for post in await walk_rows(shop, "/posts?sort=published_at&", 1)]
    assert dates == [None] * 4 + sorted(date for date in dates if date)


async def test_posts_with_equal_times_keep_their_order(shop: Shop, tick: Any) -> None:
    user = await shop.user()
    posts = [await shop.new_post(user, status=("draft", "published")[number % 2]) for number in range(8)]
    assert len({post["published_at"] for post in posts}) == 2
    for sign in DIRECTIONS:
        for size in (1, 2, 3):
            assert await walk_rows(shop, f"/posts?sort={sign}published_at&", size) == sort_by("published_at", sign)(
                posts
            )


async def fill_list(shop: Shop, name: str) -> tuple[str, list[Json]]:
    """The path of a list, and its rows."""
    user = await shop.user(username="User_0")
    match name:
        case "users":
            users = [await shop.user(username=text) for text in ("uSER_9", "user_10", "USER_9a", "_User", "zzz")]
            return "/users", [user, *users]
        case "tags":
            return "/tags", [await shop.tag(name=text) for text in ("b", "A", "é", "aa", "Z", "ﬀ", "😀", "\uffee")]
        case "categories":
            return "/categories", [await shop.category(name=text) for text in ("b", "A", "a", "é", "e", "Z", "B", "😀")]
        case "orders":
            products = [await shop.product(price=price) for price in ("1.00", "2.00", "10.00")]
            orders = [await shop.order(user, products[number % 3]) for number in range(7)]
            return "/orders", [{key: order[key] for key in order if key != "items"} for order in orders]
        case "transfers":
            first, second = await shop.account(user, "9.00"), await shop.account(user, "9.00")
            body = {"from_account_id": first["id"], "to_account_id": second["id"], "amount": "1.00"}
            return f"/accounts/{second['id']}/transfers", [
                await shop.post("/accounts/transfers", body) for _ in range(7)
            ]
        case _:
            product = await shop.product()
            for _ in range(7):
                await shop.order(user, product, notify=True)
            path = f"/users/{user['id']}/notifications"
            return path, (await shop.get(f"{path}?page_size=100"))["items"]


@pytest.mark.parametrize("name", ["users", "tags", "categories", "orders", "transfers", "notifications"])
async def test_every_list_paginates_in_every_order(shop: Shop, name: str) -> None:
    path, rows = await fill_list(shop, name)
    for field in getattr(sorts, name.upper()):
        for sign in DIRECTIONS:
            expected = sort_by(field, sign)(rows)
            assert await walk_rows(shop, f"{path}?sort={sign}{field}&", 3) == expected, f"{sign}{field}"
            assert await read_by_number(shop, f"{path}?sort={sign}{field}&", 3) == expected, f"{sign}{field}"


@pytest.mark.parametrize("path", ["/products/with-categories", "/products/low-stock?threshold=100"])
async def test_special_lists_paginate(shop: Shop, path: str) -> None:
    await shop.post("/products/bulk", [shop.draft() | {"stock_quantity": number % 3} for number in range(10)])
    whole = (await shop.get(path))["items"]
    assert len(whole) == 10
    start = f"{path}{'&' if '?' in path else '?'}"
    assert await walk_rows(shop, start, 3) == await read_by_number(shop, start, 3) == whole


async def test_filter_applies_to_every_page(shop: Shop, products: list[Json]) -> None:
    expected = [row for row in sort_by("name", "")(products) if row["price"] == "3.00"]
    assert await walk_rows(shop, "/products?sort=name&min_price=3&max_price=3&", 10) == expected


# Concurrent writes


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "price", "-price", "name", "-name"])
async def test_concurrent_inserts_hide_and_repeat_no_row(shop: Shop, products: list[Json], sort: str) -> None:
    seen: list[int] = []
    async for page in walk_pages(shop, f"/products?sort={sort}&", 60):
        seen += [row["id"] for row in page]
        for name, price in (("", "0.01"), ("m", "4.00"), ("\U0010fffd", "99999999.99")):
            await shop.product(name=f"A{name}", price=price)
    assert len(seen) == len(set(seen))
    assert {row["id"] for row in products} <= set(seen)


async def test_concurrent_deletes_hide_no_row(shop: Shop, products: list[Json]) -> None:
    seen: list[int] = []
    deleted: set[int] = set()
    async for page in walk_pages(shop, "/products?sort=stock_quantity&", 50):
        seen += [row["id"] for row in page]
        for key in (page[-1]["id"], products[len(seen) // 2]["id"]):
            if key not in deleted:
                assert (await shop.client.delete(f"/products/{key}")).status_code == 204
                deleted.add(key)
    assert len(seen) == len(set(seen))
    assert {row["id"] for row in products} - deleted <= set(seen)

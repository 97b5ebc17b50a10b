"""Products: fields, bulks, filters and stock."""

from conformance.problem import error_fields, error_of
from conformance.shop import Json, Shop

MAX = 2_147_483_647


async def test_product_is_created_with_defaults(shop: Shop) -> None:
    product = await shop.post("/products", {"name": "Wireless Headphones", "price": 79.99, "sku": "wh-001"})
    assert product == {
        "id": 1,
        "created_at": product["created_at"],
        "updated_at": product["created_at"],
        "version": 1,
        "name": "Wireless Headphones",
        "slug": "wireless-headphones",
        "description": None,
        "price": "79.99",
        "stock_quantity": 0,
        "sku": "WH-001",
        "is_active": True,
        "category_id": None,
    }
    assert await shop.get("/products/1") == product


async def test_product_fields_are_stored(shop: Shop) -> None:
    category = await shop.category()
    fields = {
        "name": "Cable",
        "slug": "a-cable",
        "description": "Long.",
        "price": "0.01",
        "stock_quantity": MAX,
        "sku": "C-1",
        "is_active": False,
        "category_id": category["id"],
    }
    product = await shop.post("/products", fields)
    assert {name: product[name] for name in fields} == fields
    assert await shop.get(f"/products/{product['id']}") == product


async def test_unknown_category_is_rejected(shop: Shop) -> None:
    product = await shop.product()
    for request in (
        shop.client.post("/products", json=shop.draft() | {"category_id": 99}),
        shop.client.put(f"/products/{product['id']}", json=shop.draft() | {"category_id": 99}),
        shop.client.patch(f"/products/{product['id']}", json={"category_id": 99}),
    ):
        response = await request
        assert error_of(response) == (400, "unknown-reference")
        assert error_fields(response) == ["category_id"]
    assert (await shop.get("/products"))["items"] == [product]


async def test_omitted_slug_is_derived_and_numbered(shop: Shop) -> None:
    bodies = [shop.draft() | {"name": name} for name in ("Cable", "CABLE", "Câble!", "Cable 2")]
    slugs = [(await shop.post("/products", body))["slug"] for body in bodies]
    assert slugs == ["cable", "cable-2", "cable-3", "cable-2-2"]


async def test_equal_names_in_bulk_get_distinct_slugs(shop: Shop) -> None:
    await shop.product(slug="cable-3")
    bodies = [shop.draft() | {"name": "Cable"} for _ in range(4)]
    bodies[2]["slug"] = "cable"
    slugs = [product["slug"] for product in await shop.post("/products/bulk", bodies)]
    assert slugs == ["cable-2", "cable-4", "cable", "cable-5"]


async def test_bulk_of_1000_keeps_its_order(shop: Shop) -> None:
    category = await shop.category()
    bodies = [shop.draft() | {"category_id": category["id"]} for _ in range(1000)]
    products = await shop.post("/products/bulk", bodies)
    assert [product["sku"] for product in products] == [body["sku"] for body in bodies]
    ids = [product["id"] for product in products]
    assert ids == sorted(set(ids))
    assert (await shop.get("/products?page_size=1"))["total"] == 1000
    assert (await shop.get("/products?sort=id&page=10&page_size=100"))["items"] == products[900:]


async def test_bulk_of_1000_names_errors_by_index(shop: Shop) -> None:
    taken = await shop.product()
    bodies = [shop.draft() for _ in range(1000)]
    bodies[999]["sku"] = taken["sku"]
    bodies[7]["slug"] = taken["slug"]
    response = await shop.client.post("/products/bulk", json=bodies)
    assert error_of(response) == (409, "duplicate")
    assert error_fields(response) == ["7.slug", "999.sku"]
    bodies = [shop.draft() | {"category_id": 99} if number in (3, 998) else shop.draft() for number in range(1000)]
    response = await shop.client.post("/products/bulk", json=bodies)
    assert error_of(response) == (400, "unknown-reference")
    assert error_fields(response) == ["3.category_id", "998.category_id"]
    assert (await shop.get("/products"))["items"] == [taken]


async def test_bulk_holds_1_to_1000_products(shop: Shop) -> None:
    for bodies in ([], [shop.draft() for _ in range(1001)]):
        assert error_of(await shop.client.post("/products/bulk", json=bodies)) == (422, "validation-failed")
    assert (await shop.get("/products"))["total"] == 0


async def test_bulk_with_internal_duplicates_is_rejected(shop: Shop) -> None:
    category = await shop.category()
    bodies = [shop.draft() | {"category_id": category["id"]} for _ in range(4)]
    bodies[1]["sku"] = bodies[0]["sku"].lower()
    bodies[2]["name"] = bodies[0]["name"]
    bodies[3]["slug"] = bodies[2]["slug"] = "same"
    response = await shop.client.post("/products/bulk", json=bodies)
    assert error_of(response) == (409, "duplicate")
    assert error_fields(response) == ["3.slug", "1.sku", "2.name"]
    assert (await shop.get("/products"))["total"] == 0


async def test_put_replaces_all_but_omitted_slug(shop: Shop) -> None:
    category = await shop.category()
    product = await shop.product(slug="kept", description="x", is_active=False, category_id=category["id"])
    body = {"name": "New", "price": 5, "sku": "n-1"}
    response = await shop.client.put(f"/products/{product['id']}", json=body)
    assert response.status_code == 200
    assert response.json() == product | {
        "name": "New",
        "slug": "kept",
        "description": None,
        "price": "5.00",
        "stock_quantity": 0,
        "sku": "N-1",
        "is_active": True,
        "category_id": None,
        "version": 2,
        "updated_at": response.json()["updated_at"],
    }
    assert await shop.get(f"/products/{product['id']}") == response.json()


async def test_patch_changes_only_sent_fields(shop: Shop) -> None:
    product = await shop.product(description="x")
    path = f"/products/{product['id']}"
    changed = (await shop.client.patch(path, json={"price": "1.5", "description": None})).json()
    expected = {"price": "1.50", "description": None, "version": 2, "updated_at": changed["updated_at"]}
    assert changed == product | expected
    assert (await shop.client.patch(path, json={"price": 1.5})).json() == changed, "no new version"
    for field in ("name", "slug", "price", "stock_quantity", "sku", "is_active"):
        assert error_fields(await shop.client.patch(path, json={field: None})) == [field]
    assert await shop.get(path) == changed


async def create_products(shop: Shop) -> tuple[list[Json], Json]:
    category = await shop.category()
    rows: list[Json] = [
        {"price": "1.00"},
        {"price": "5.00", "category_id": category["id"]},
        {"price": "5.01", "is_active": False},
        {"price": "9.00", "category_id": category["id"], "is_active": False},
    ]
    return [await shop.product(**row) for row in rows], category


FILTERS = [
    ("", [0, 1, 2, 3]),
    ("category_id=1", [1, 3]),
    ("category_id=99", []),
    ("is_active=true", [0, 1]),
    ("is_active=false", [2, 3]),
    ("min_price=5", [1, 2, 3]),
    ("max_price=5.00", [0, 1]),
    ("min_price=5&max_price=5.01", [1, 2]),
    ("min_price=0&max_price=99999999.99", [0, 1, 2, 3]),
    ("min_price=6&max_price=5", []),
    ("category_id=1&is_active=true&min_price=1", [1]),
    ("search=", [0, 1, 2, 3]),
]


async def test_products_are_filtered(shop: Shop) -> None:
    products, category = await create_products(shop)
    assert category["id"] == 1
    for query, found in FILTERS:
        listing = await shop.get(f"/products?sort=id&{query}")
        assert listing["items"] == [products[index] for index in found], query
        assert listing["total"] == len(found), query


async def test_product_is_found_by_sku_and_slug(shop: Shop) -> None:
    product = await shop.product(sku="wh-001", slug="Überkopf-Hörer")
    for sku in ("WH-001", "wh-001", "Wh-001", "%20wh-001%20"):
        assert await shop.get(f"/products/by-sku/{sku}") == product
    assert await shop.get("/products/by-slug/Überkopf-Hörer") == product
    for path in ("by-sku/WH-002", "by-sku/WH_001", "by-slug/überkopf-hörer", "by-slug/Uberkopf-Horer", "by-sku/%00"):
        assert error_of(await shop.client.get(f"/products/{path}")) == (404, "not-found")


async def test_low_stock_is_listed_least_first(shop: Shop) -> None:
    stocks = [11, 3, 10, 0, 3]
    products = [await shop.product(stock_quantity=stock) for stock in stocks]
    await shop.product(stock_quantity=1, is_active=False)
    low = await shop.get("/products/low-stock")
    assert low["items"] == [products[index] for index in (3, 1, 4, 2)]
    assert (await shop.get("/products/low-stock?threshold=0"))["items"] == [products[3]]
    assert (await shop.get(f"/products/low-stock?threshold={MAX}"))["total"] == 5
    first = await shop.get("/products/low-stock?cursor=&page_size=2")
    rest = await shop.get(f"/products/low-stock?page_size=2&cursor={first['next_cursor']}")
    assert first["items"] + rest["items"] == low["items"]
    assert error_of(await shop.client.get("/products/low-stock?sort=price")) == (422, "validation-failed")
    assert error_of(await shop.client.get("/products/low-stock?threshold=-1")) == (422, "validation-failed")


async def test_active_products_have_their_categories(shop: Shop) -> None:
    category = await shop.category()
    categorized = await shop.product(category_id=category["id"])
    uncategorized = await shop.product()
    await shop.product(is_active=False, category_id=category["id"])
    listing = await shop.get("/products/with-categories?sort=id")
    assert listing["items"] == [categorized | {"category": category}, uncategorized | {"category": None}]
    assert listing["total"] == 2
    assert (await shop.get("/products/with-categories"))["items"][0]["id"] == uncategorized["id"]


async def test_stock_is_added_and_taken(shop: Shop) -> None:
    product = await shop.product(stock_quantity=5)
    path = f"/products/{product['id']}/stock"
    for change, stock in ((3, 8), (-8, 0), (MAX, MAX), (-MAX, 0)):
        response = await shop.client.post(path, json={"quantity_change": change})
        assert (response.status_code, response.json()["stock_quantity"]) == (200, stock)
    changed = await shop.get(f"/products/{product['id']}")
    assert changed == product | {"stock_quantity": 0, "version": 5, "updated_at": changed["updated_at"]}
    assert (await shop.client.post(path, json={"quantity_change": 0})).json() == changed


async def test_stock_stays_within_its_limits(shop: Shop) -> None:
    product = await shop.product(stock_quantity=5)
    path = f"/products/{product['id']}/stock"
    for change, kind in ((-6, "insufficient-stock"), (-MAX, "insufficient-stock"), (MAX - 4, "stock-limit")):
        response = await shop.client.post(path, json={"quantity_change": change})
        assert error_of(response) == (400, kind)
        assert error_fields(response) == ["quantity_change"]
    assert await shop.get(f"/products/{product['id']}") == product


async def test_stock_change_is_validated(shop: Shop) -> None:
    for change in [None, "1", 1.5, True, MAX + 1, -MAX - 1]:
        product = await shop.product()
        response = await shop.client.post(f"/products/{product['id']}/stock", json={"quantity_change": change})
        assert error_of(response) == (422, "validation-failed"), change
        assert error_fields(response) == ["quantity_change"], change


async def test_product_is_deleted_once(shop: Shop) -> None:
    product = await shop.product()
    response = await shop.client.delete(f"/products/{product['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert error_of(await shop.client.delete(f"/products/{product['id']}")) == (404, "not-found")
    assert (await shop.product())["id"] > product["id"], "an id is never used again"


async def test_product_is_shown_with_its_category(shop: Shop) -> None:
    category = await shop.category()
    inside, outside = await shop.product(category_id=category["id"]), await shop.product()
    assert await shop.get(f"/products/{inside['id']}/with-category") == inside | {"category": category}
    assert await shop.get(f"/products/{outside['id']}/with-category") == outside | {"category": None}
    assert error_of(await shop.client.get("/products/99/with-category")) == (404, "not-found")

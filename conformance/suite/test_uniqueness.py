"""Uniqueness: how values are compared, and which fields a duplicate names."""

import pytest

from conformance.problem import error_fields, error_of
from conformance.shop import Shop

DUPLICATE = (409, "duplicate")

# Names that some collation treats as equal: case, accents, width, ligatures, ignorable characters, other scripts.
DISTINCT = [
    "a",
    "A",
    "á",
    "à",
    "ａ",
    "ⓐ",
    "a\u200b",
    "a\u00ad",
    "a.",
    "ß",
    "ss",
    "ﬁ",
    "fi",
    "ı",
    "i",
    "İ",
    "Ｉ",
    "о",
    "o",
]


async def test_category_names_are_compared_exactly(shop: Shop) -> None:
    for name in DISTINCT:
        assert (await shop.category(name=name))["name"] == name
    for name in DISTINCT:
        response = await shop.client.post("/categories", json={"name": name})
        assert (error_of(response), error_fields(response)) == (DUPLICATE, ["name"])


async def test_slugs_are_compared_exactly(shop: Shop) -> None:
    for slug in DISTINCT:
        assert (await shop.product(slug=slug))["slug"] == slug
    for slug in DISTINCT:
        assert error_fields(await shop.client.post("/products", json=shop.draft() | {"slug": slug})) == ["slug"]
    found = [(await shop.get(f"/products/by-slug/{slug}"))["slug"] for slug in DISTINCT]
    assert found == DISTINCT


async def test_product_names_are_unique_per_category(shop: Shop) -> None:
    category = await shop.category()
    for name in DISTINCT:
        await shop.product(name=name, category_id=category["id"])
    response = await shop.client.post("/products", json=shop.draft() | {"name": "á", "category_id": category["id"]})
    assert (error_of(response), error_fields(response)) == (DUPLICATE, ["name"])


async def test_only_outer_white_space_is_ignored(shop: Shop) -> None:
    await shop.category(name="a b")
    for name in ("a b ", " a b", "a b\u00a0", "\u3000a b\n"):
        assert error_of(await shop.client.post("/categories", json={"name": name})) == DUPLICATE
    for name in ("a  b", "ab", "a\u00a0b", "a b\u200b"):
        await shop.category(name=name)


FOLDED = [
    ("news", "NEWS"),
    ("Straße", "STRASSE"),
    ("ﬁ", "FI"),
    ("①", "1"),
    ("Ａ", "a"),
    ("ς", "Σ"),
    ("café", "CAFE\u0301"),
    ("K", "\u212a"),
    ("İ", "i\u0307"),
    ("ΐ", "\u03b9\u0308\u0301"),
    ("𐐀", "𐐨"),
]


async def test_tag_names_are_compared_folded(shop: Shop) -> None:
    for name, other in FOLDED:
        await shop.tag(name=name)
        response = await shop.client.post("/tags", json={"name": other, "slug": "free"})
        assert (error_of(response), error_fields(response)) == (DUPLICATE, ["name"]), name
    assert (await shop.get("/tags"))["total"] == len(FOLDED)


async def test_folding_keeps_accents(shop: Shop) -> None:
    for name in ("resume", "résumé", "re\u0301sume", "ı", "i", "o", "ø", "о", "n", "ñ", "a", "å", "e\u200b", "e"):
        await shop.tag(name=name)


async def test_usernames_and_emails_are_compared_folded(shop: Shop) -> None:
    user = await shop.user(username="John_Doe", email="Straße.É@example.com")
    for username in ("John_Doe", "john_doe", "JOHN_DOE"):
        response = await shop.client.post("/users", json=shop.registration() | {"username": username})
        assert (error_of(response), error_fields(response)) == (DUPLICATE, ["username"])
    for email in ("strasse.é@example.com", "STRASSE.E\u0301@EXAMPLE.COM", "straße.é@Example.com"):
        response = await shop.client.post("/users", json=shop.registration() | {"email": email})
        assert (error_of(response), error_fields(response)) == (DUPLICATE, ["email"])
    await shop.user(username="John__Doe", email="strasse.e@example.com")
    assert await shop.get("/users/by-email/STRASSE.É@example.com") == user


async def test_skus_are_upper_case_and_compared_exactly(shop: Shop) -> None:
    assert (await shop.product(sku="ab-1"))["sku"] == "AB-1"
    for sku in ("ab-1", "AB-1", "Ab-1", " ab-1 "):
        response = await shop.client.post("/products", json=shop.draft() | {"sku": sku})
        assert (error_of(response), error_fields(response)) == (DUPLICATE, ["sku"])
    for sku in ("ab1", "ab-1-", "ab--1", "0ab-1"):
        await shop.product(sku=sku)


async def test_uncategorized_products_may_share_a_name(shop: Shop) -> None:
    category, other = await shop.category(), await shop.category()
    for key in (None, None, None, category["id"], other["id"]):
        await shop.product(name="Same", category_id=key)
    body = shop.draft() | {"name": "Same", "category_id": category["id"]}
    response = await shop.client.post("/products", json=body)
    assert (error_of(response), error_fields(response)) == (DUPLICATE, ["name"])
    bulk = [shop.draft() | {"name": "Same"} for _ in range(3)]
    assert len(await shop.post("/products/bulk", bulk)) == 3


async def test_product_cannot_move_to_taken_name(shop: Shop) -> None:
    category = await shop.category()
    await shop.product(name="Same", category_id=category["id"])
    product = await shop.product(name="Same")
    path = f"/products/{product['id']}"
    for request in (
        shop.client.patch(path, json={"category_id": category["id"]}),
        shop.client.put(path, json=shop.draft() | {"name": "Same", "category_id": category["id"]}),
    ):
        response = await request
        assert (error_of(response), error_fields(response)) == (DUPLICATE, ["name"])
    assert await shop.get(path) == product


async def test_taken_fields_are_named_in_declared_order(shop: Shop) -> None:
    user, tag, category = await shop.user(), await shop.tag(), await shop.category()
    product = await shop.product(category_id=category["id"])
    post = await shop.new_post(user)
    bodies = {
        "/users": (shop.registration() | {"email": user["email"], "username": user["username"]}, ["username", "email"]),
        "/tags": ({"slug": tag["slug"], "name": tag["name"]}, ["name", "slug"]),
        "/categories": ({"slug": category["slug"], "name": category["name"]}, ["name", "slug"]),
        "/products": (
            {"price": 1} | {name: product[name] for name in ("category_id", "sku", "name", "slug")},
            ["slug", "sku", "name"],
        ),
        "/posts": ({"title": "x", "content": "x", "author_id": user["id"], "slug": post["slug"]}, ["slug"]),
    }
    for path, (body, fields) in bodies.items():
        response = await shop.client.post(path, json=body)
        assert (error_of(response), error_fields(response)) == (DUPLICATE, fields)


async def test_fields_taken_by_two_rows_are_all_named(shop: Shop) -> None:
    first, second = await shop.user(), await shop.user()
    body = shop.registration() | {"username": second["username"], "email": first["email"]}
    assert error_fields(await shop.client.post("/users", json=body)) == ["username", "email"]
    first, second = await shop.product(), await shop.product()
    body = shop.draft() | {"sku": first["sku"], "slug": second["slug"]}
    assert error_fields(await shop.client.post("/products", json=body)) == ["slug", "sku"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_change_to_taken_value_is_rejected(shop: Shop, method: str) -> None:
    cases = [
        ("/users", await shop.user(), await shop.user(), ["username", "email"], shop.registration()),
        ("/tags", await shop.tag(), await shop.tag(), ["name", "slug"], {}),
        ("/categories", await shop.category(), await shop.category(), ["name", "slug"], {}),
        ("/products", await shop.product(), await shop.product(), ["slug", "sku"], shop.draft()),
    ]
    for path, taken, changing, fields, rest in cases:
        body = rest | {field: taken[field] for field in fields}
        response = await shop.client.request(method, f"{path}/{changing['id']}", json=body)
        assert (error_of(response), error_fields(response)) == (DUPLICATE, fields)
        assert await shop.get(f"{path}/{changing['id']}") == changing


async def test_entity_does_not_conflict_with_itself(shop: Shop) -> None:
    category = await shop.category()
    product = await shop.product(category_id=category["id"])
    body = {name: product[name] for name in ("name", "slug", "sku", "price", "stock_quantity", "category_id")}
    response = await shop.client.put(f"/products/{product['id']}", json=body | {"description": "New."})
    assert (response.status_code, response.json()["version"]) == (200, 2)
    tag = await shop.tag(name="news")
    response = await shop.client.patch(f"/tags/{tag['id']}", json={"name": "NEWS"})
    assert (response.status_code, response.json()["name"]) == (200, "NEWS")


async def test_released_value_can_be_taken(shop: Shop) -> None:
    user, product, category = await shop.user(), await shop.product(), await shop.category()
    await shop.client.patch(f"/users/{user['id']}", json={"username": "renamed"})
    await shop.user(username=user["username"])
    await shop.client.delete(f"/products/{product['id']}")
    await shop.product(sku=product["sku"], slug=product["slug"])
    await shop.client.delete(f"/categories/{category['id']}")
    await shop.category(name=category["name"], slug=category["slug"])


async def test_unique_values_can_have_full_length(shop: Shop) -> None:
    long = {"username": "u" * 50, "email": "e" * 64 + "@" + ".".join(["d" * 62] * 2 + ["x" * 45, "example"])}
    user = await shop.user(**long)
    assert {name: user[name] for name in long} == long
    response = await shop.client.post("/users", json=shop.registration() | {"email": long["email"].upper()})
    assert error_fields(response) == ["email"]
    for char in ("x", "🎧"):
        for path, body, field in (
            ("/tags", {"name": char * 50}, "name"),
            ("/categories", {"name": char * 100}, "name"),
            ("/products", shop.draft() | {"slug": char * 220}, "slug"),
        ):
            await shop.post(path, body)
            assert field in error_fields(await shop.client.post(path, json=body))
            if "sku" in body:
                body |= {"sku": shop.draft()["sku"]}
            await shop.post(path, body | {field: body[field][:-1] + "y"})


async def test_too_long_folded_name_is_invalid(shop: Shop) -> None:
    assert (await shop.tag(name="\ufdfa" * 14))["name"] == "\ufdfa" * 14
    response = await shop.client.post("/tags", json={"name": "\ufdfa" * 15})
    assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["name"])


async def test_bulk_of_one_names_its_element(shop: Shop) -> None:
    user, draft = shop.registration(), shop.draft()
    await shop.post("/users/bulk", [user])
    await shop.post("/products/bulk", [draft])
    response = await shop.client.post("/users/bulk", json=[user])
    assert (error_of(response), error_fields(response)) == ((409, "duplicate"), ["0.username", "0.email"])
    response = await shop.client.post("/products/bulk", json=[draft])
    assert (error_of(response), error_fields(response)) == ((409, "duplicate"), ["0.sku"])
    response = await shop.client.post("/products/bulk", json=[shop.draft() | {"category_id": 9}])
    assert (error_of(response), error_fields(response)) == ((400, "unknown-reference"), ["0.category_id"])
    assert error_fields(await shop.client.post("/products", json=draft)) == ["sku"]

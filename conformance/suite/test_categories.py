"""Categories: a tree, with products in its nodes."""

import pytest

from conformance.problem import error_fields, error_of
from conformance.shop import Json, Shop


async def test_category_is_created_with_defaults(shop: Shop) -> None:
    category = await shop.post("/categories", {"name": "Electronics"})
    assert category == {
        "id": 1,
        "created_at": category["created_at"],
        "updated_at": category["created_at"],
        "version": 1,
        "name": "Electronics",
        "slug": "electronics",
        "description": None,
        "parent_id": None,
    }
    assert await shop.get("/categories/1") == category


async def test_category_fields_are_stored(shop: Shop) -> None:
    parent = await shop.category()
    fields = {"name": "Audio", "slug": "sound", "description": "Loud.", "parent_id": parent["id"]}
    category = await shop.category(**fields)
    assert {name: category[name] for name in fields} == fields
    assert await shop.get(f"/categories/{category['id']}") == category


async def test_omitted_slug_is_derived_and_numbered(shop: Shop) -> None:
    names = ["Café Corner", "Cafe Corner", "café  corner", "日 本", "!!!", "???"]
    slugs = [(await shop.category(name=name))["slug"] for name in names]
    assert slugs[:3] == ["cafe-corner", "cafe-corner-2", "cafe-corner-3"]
    assert slugs[4:] == ["category", "category-2"]
    assert all(slug.isascii() for slug in slugs)


async def test_unknown_parent_is_rejected(shop: Shop) -> None:
    category = await shop.category()
    for request in (
        shop.client.post("/categories", json={"name": "Audio", "parent_id": 99}),
        shop.client.put(f"/categories/{category['id']}", json={"name": "Audio", "parent_id": 99}),
        shop.client.patch(f"/categories/{category['id']}", json={"parent_id": 99}),
    ):
        response = await request
        assert error_of(response) == (400, "unknown-reference")
        assert error_fields(response) == ["parent_id"]
    assert (await shop.get("/categories"))["items"] == [category]


async def test_put_replaces_all_but_omitted_slug(shop: Shop) -> None:
    parent = await shop.category()
    category = await shop.category(slug="kept", description="Old.", parent_id=parent["id"])
    response = await shop.client.put(f"/categories/{category['id']}", json={"name": "New name"})
    assert response.status_code == 200
    changed = {"name": "New name", "slug": "kept", "description": None, "parent_id": None, "version": 2}
    assert response.json() == category | changed | {"updated_at": response.json()["updated_at"]}
    assert await shop.get(f"/categories/{category['id']}") == response.json()


async def test_patch_changes_only_sent_fields(shop: Shop) -> None:
    parent = await shop.category()
    category = await shop.category(description="Old.", parent_id=parent["id"])
    path = f"/categories/{category['id']}"
    changed = (await shop.client.patch(path, json={"parent_id": None, "slug": "new"})).json()
    assert changed == category | {
        "parent_id": None,
        "slug": "new",
        "version": 2,
        "updated_at": changed["updated_at"],
    }
    assert (await shop.client.patch(path, json={})).json() == changed
    for field in ("name", "slug"):
        assert error_fields(await shop.client.patch(path, json={field: None})) == [field]


async def create_line(shop: Shop) -> tuple[Json, Json, Json]:
    mother = await shop.category(name="Mother")
    daughter = await shop.category(name="Daughter", parent_id=mother["id"])
    return mother, daughter, await shop.category(name="Granddaughter", parent_id=daughter["id"])


@pytest.mark.parametrize("below", [0, 1, 2])
async def test_category_cycle_is_rejected(shop: Shop, below: int) -> None:
    line = await create_line(shop)
    for request in (
        shop.client.patch(f"/categories/{line[0]['id']}", json={"parent_id": line[below]["id"]}),
        shop.client.put(f"/categories/{line[0]['id']}", json={"name": "Mother", "parent_id": line[below]["id"]}),
    ):
        response = await request
        assert error_of(response) == (400, "category-cycle")
        assert error_fields(response) == ["parent_id"]
    assert await shop.get(f"/categories/{line[0]['id']}") == line[0]


async def test_category_moves_with_its_subtree(shop: Shop) -> None:
    _, daughter, granddaughter = await create_line(shop)
    other = await shop.category(name="Aunt")
    moved = await shop.client.patch(f"/categories/{daughter['id']}", json={"parent_id": other["id"]})
    assert moved.status_code == 200
    aunt, mother = await shop.get("/categories/tree")
    assert (mother["name"], mother["children"]) == ("Mother", [])
    assert aunt == other | {"children": [moved.json() | {"children": [granddaughter | {"children": []}]}]}


async def test_tree_siblings_are_in_code_point_order(shop: Shop) -> None:
    assert await shop.get("/categories/tree") == []
    root = await shop.category(name="Root")
    for name in ("b", "ä", "B", "a", "😀", "ﬁ", "Z"):
        await shop.category(name=name, parent_id=root["id"])
    await shop.category(name="Also a root")
    tree = await shop.get("/categories/tree")
    assert [node["name"] for node in tree] == ["Also a root", "Root"]
    assert [node["name"] for node in tree[1]["children"]] == ["B", "Z", "a", "b", "ä", "ﬁ", "😀"]


async def test_tree_can_be_40_levels_deep(shop: Shop) -> None:
    parent = None
    for _ in range(40):
        parent = (await shop.category(parent_id=parent))["id"]
    [node] = await shop.get("/categories/tree")
    depth = 1
    while node["children"]:
        [node] = node["children"]
        depth += 1
    assert (depth, node["id"]) == (40, parent)


async def test_category_lists_products_newest_first(shop: Shop) -> None:
    category, empty = await shop.category(), await shop.category()
    products = [await shop.product(category_id=category["id"], is_active=number % 2 == 0) for number in range(3)]
    await shop.product()
    path = f"/categories/{category['id']}/products"
    assert await shop.get(path) == {"category": category, "product_count": 3, "products": products[::-1]}
    part = await shop.get(f"{path}?page=2&page_size=2")
    assert (part["product_count"], part["products"]) == (3, [products[0]])
    nothing = {"category": empty, "product_count": 0, "products": []}
    assert await shop.get(f"/categories/{empty['id']}/products") == nothing


async def test_category_is_deleted_once(shop: Shop) -> None:
    category = await shop.category()
    response = await shop.client.delete(f"/categories/{category['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert error_of(await shop.client.delete(f"/categories/{category['id']}")) == (404, "not-found")

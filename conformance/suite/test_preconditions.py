"""ETags and conditional requests: no update of an unseen version, and no transfer of a known one."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.routers import PERMISSIONS
from conformance.concurrent_clients import count_outcomes
from conformance.fixtures import RoundTrips
from conformance.problem import error_of
from conformance.shop import Json, Shop
from conformance.suite.sample_requests import BODIES, FACTORIES, PATHS, OwnedEntities

PRECONDITION_FAILED = (412, "precondition-failed")
CLIENTS = 16

CHANGES = [name for name in PERMISSIONS if "{id}" in name and not name.startswith("GET ")]
"""Each operation that changes one entity."""

SECOND_VERSION: Mapping[str, tuple[str, str, Any]] = {
    "users": ("PATCH", "", {"full_name": "Another Name"}),
    "categories": ("PATCH", "", {"description": "Another."}),
    "products": ("POST", "/stock", {"quantity_change": 1}),
    "orders": ("PATCH", "/status?new_status=confirmed", None),
    "payments": ("POST", "/refunds", {"amount": 1}),
    "posts": ("POST", "/view", None),
    "tags": ("PATCH", "", {"name": "Another"}),
    "accounts": ("POST", "/deposit", {"amount": 1}),
    "notifications": ("POST", "/read", None),
}
"""How each kind of entity that can be changed gets its second version: method, path and body."""

by_kind = pytest.mark.parametrize("kind", FACTORIES)


def operations_on(kind: str) -> list[str]:
    return [operation for operation in CHANGES if operation.split("/")[1] == kind]


async def create(shop: Shop, kind: str) -> Json:
    """A new entity of a kind, at its first version."""
    return await FACTORIES[kind](OwnedEntities(shop, await shop.user()))


async def change(shop: Shop, kind: str, id: int) -> int:
    """Make the second version, where there can be one; the version that the entity has then."""
    if kind not in SECOND_VERSION:
        return 1
    method, path, body = SECOND_VERSION[kind]
    response = await shop.client.request(method, f"/{kind}/{id}{path}", json=body)
    assert response.is_success, response.text
    return 2


async def send(shop: Shop, operation: str, id: int, if_match: str) -> httpx2.Response:
    method, path = operation.split()
    url = PATHS.get(operation, path).replace("{id}", str(id))
    body = await BODIES[operation](OwnedEntities(shop, {"id": 1})) if operation in BODIES else None
    return await shop.client.request(method, url, json=body, headers={"If-Match": if_match})


def etag_of(entity: Json) -> str:
    return f'"{entity["id"]}-{entity["version"]}"'


# ETag


async def test_entity_response_has_etag(shop: Shop) -> None:
    for kind in (kind for kind in FACTORIES if f"GET /{kind}/{{id}}" in PERMISSIONS):
        entity = await create(shop, kind)
        url = f"/{kind}/{entity['id']}"
        first, again = await shop.client.get(url), await shop.client.get(f"{url}/")
        assert first.headers["etag"] == again.headers["etag"] == etag_of(entity) == f'"{entity["id"]}-1"', kind
        assert first.content == again.content
        assert (await shop.client.head(url)).headers["etag"] == etag_of(entity)
        version = await change(shop, kind, entity["id"])
        assert (await shop.client.get(url)).headers["etag"] == f'"{entity["id"]}-{version}"', kind


async def test_created_or_changed_entity_has_etag(shop: Shop) -> None:
    post = shop.client.post
    user = await post("/users", json=shop.registration())
    product = await post("/products", json=shop.draft())
    order = {"user_id": 1, "items": [{"product_id": 1, "quantity": 1}]}
    article = {"title": "x", "content": "x", "author_id": 1}
    for response in (
        *(user, product, await shop.client.put("/products/1", json=shop.draft() | {"stock_quantity": 9})),
        *(await shop.client.patch("/users/1", json={"bio": "x"}), await post("/orders/with-notifications", json=order)),
        *(await post("/posts", json=article), await post("/posts/1/view"), await post("/tags", json={"name": "x"})),
        *(await post("/accounts", json={"user_id": 1}), await post("/accounts/1/deposit", json={"amount": 1})),
        *(await post("/categories", json={"name": "x"}), await post("/notifications/1/read")),
        await post("/orders/1/payments", json={"amount": (await shop.get("/orders/1"))["total_amount"], "method": "x"}),
    ):
        assert response.headers["etag"] == etag_of(response.json()), response.url


async def test_etag_is_the_same_by_every_key(shop: Shop) -> None:
    user, product = await shop.user(), await shop.product()
    for entity, url in (
        (user, f"/users/by-email/{user['email']}"),
        (user, f"/users/by-username/{user['username'].upper()}"),
        (product, f"/products/by-sku/{product['sku']}"),
        (product, f"/products/by-slug/{product['slug']}"),
    ):
        assert (await shop.client.get(url)).headers["etag"] == etag_of(entity), url


async def test_response_without_one_entity_has_no_etag(shop: Shop) -> None:
    for kind in ("users", "categories", "posts", "orders", "accounts"):
        await create(shop, kind)
    for url in (
        *("/users", "/users/1/with-posts", "/orders/1/details", "/categories/1/products", "/categories/tree"),
        *("/", "/livez", "/readyz", "/users/stats/active-count", "/accounts/1/transfers", "/users/99", "/nothing"),
    ):
        assert "etag" not in (await shop.client.get(url)).headers, url


async def test_etag_changes_with_shown_references(shop: Shop) -> None:
    """A post shows the names of its tags, a product its category: a change of those is a new version of it."""
    category = await shop.category()
    product = await shop.product(category_id=category["id"])
    post = await shop.new_post(await shop.user(), tags=["a"])
    [tag] = (await shop.get("/tags"))["items"]
    await shop.client.patch(f"/tags/{tag['id']}", json={"name": "b"})
    await shop.client.delete(f"/categories/{category['id']}")
    for url, before in ((f"/posts/{post['id']}", post), (f"/products/{product['id']}", product)):
        response = await shop.client.get(url, headers={"If-None-Match": etag_of(before)})
        assert response.status_code == 200, url
        assert response.headers["etag"] != etag_of(before)


# If-None-Match


async def test_if_none_match_of_current_etag_is_304(shop: Shop) -> None:
    product = await shop.product()
    url, current = f"/products/{product['id']}", etag_of(product)
    for header in (current, f"W/{current}", f'"x", {current}', f'W/"0-0",{current} , "y"', "*"):
        for request in (shop.client.get, shop.client.head):
            response = await request(url, headers={"If-None-Match": header})
            assert (response.status_code, response.content) == (304, b""), header
            assert response.headers["etag"] == current
            assert "content-type" not in response.headers


async def test_if_none_match_of_stale_etag_is_200(shop: Shop) -> None:
    product = await shop.product()
    url = f"/products/{product['id']}"
    await change(shop, "products", product["id"])
    key = product["id"]
    for header in (etag_of(product), f"{key}-2", "", '"', f'"{key + 1}-2"'):
        response = await shop.client.get(url, headers={"If-None-Match": header})
        assert (response.status_code, response.json()["version"]) == (200, 2), header
    await shop.client.delete(url)
    assert error_of(await shop.client.get(url, headers={"If-None-Match": "*"})) == (404, "not-found")


# If-Match


async def test_every_documented_change_is_covered(app: FastAPI) -> None:
    documented = {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if "{id}" in path and method != "get"
    }
    assert documented == {operation.partition("?")[0] for operation in CHANGES}


@by_kind
async def test_if_match_of_stale_etag_is_412(shop: Shop, kind: str) -> None:
    entity = await create(shop, kind)
    version = await change(shop, kind, entity["id"])
    before = await shop.contents()
    key, current = entity["id"], f"{entity['id']}-{version}"
    for header in (
        f'"{key}-{3 - version}"',
        f'"{key + 1}-{version}"',
        f'W/"{current}"',
        current,
        f"'{current}'",
        '"x"',
        "",
        f'"0{current}"',
    ):
        for operation in operations_on(kind):
            response = await send(shop, operation, key, header)
            assert error_of(response) == PRECONDITION_FAILED, f"{operation} {header}: {response.text}"
    assert await shop.contents() == before


@by_kind
async def test_if_match_of_current_etag_succeeds(shop: Shop, kind: str) -> None:
    for operation in operations_on(kind):
        for header in ("{}", "*", '"9-9", {} ,"x"'):
            entity = await create(shop, kind)
            response = await send(shop, operation, entity["id"], header.format(etag_of(entity)))
            assert response.is_success, f"{operation} {header}: {response.text}"


async def test_if_match_on_unknown_id_is_404(shop: Shop) -> None:
    await shop.user()
    for operation in CHANGES:
        for header in ('"99-1"', "*"):
            assert error_of(await send(shop, operation, 99, header)) == (404, "not-found"), operation


async def test_unchanged_entity_keeps_its_etag(shop: Shop) -> None:
    tag = await shop.tag()
    response = await shop.client.patch(
        f"/tags/{tag['id']}", json={"name": tag["name"]}, headers={"If-Match": etag_of(tag)}
    )
    assert response.headers["etag"] == etag_of(tag)


async def test_etag_of_change_allows_the_next_change(shop: Shop) -> None:
    etag = etag_of(await shop.product())
    for price in (1, 2, 3):
        response = await shop.client.patch("/products/1", json={"price": price}, headers={"If-Match": etag})
        assert response.status_code == 200
        etag = response.headers["etag"]
    assert etag == '"1-4"'


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_concurrent_if_match_has_one_winner(shop: Shop, method: str) -> None:
    product = await shop.product()
    url, headers = f"/products/{product['id']}", {"If-Match": etag_of(product)}

    async def send_change(number: int) -> httpx2.Response:
        body = None if method == "DELETE" else shop.draft() | {"stock_quantity": number}
        return await shop.client.request(method, url, json=body, headers=headers)

    responses = await asyncio.gather(*map(send_change, range(CLIENTS)))
    if method == "DELETE":
        assert count_outcomes(responses) == {204: 1, (404, "not-found"): CLIENTS - 1}
        return
    assert count_outcomes(responses) == {200: 1, PRECONDITION_FAILED: CLIENTS - 1}
    [winner] = [response.json() for response in responses if response.is_success]
    assert await shop.get(url) == winner
    assert winner["version"] == 2


async def test_if_match_change_and_delete_are_exclusive(shop: Shop) -> None:
    for _ in range(5):
        product = await shop.product()
        url, headers = f"/products/{product['id']}", {"If-Match": etag_of(product)}
        changed, deleted = await asyncio.gather(
            shop.client.patch(url, json={"price": 1}, headers=headers), shop.client.delete(url, headers=headers)
        )
        if changed.is_success:
            assert error_of(deleted) == PRECONDITION_FAILED
        else:
            assert (deleted.status_code, error_of(changed)) == (204, (404, "not-found"))


async def test_if_match_costs_at_most_one_round_trip(shop: Shop, round_trips: RoundTrips) -> None:
    async def count_trips(method: str, conditional: bool) -> int:
        product = await shop.product()
        headers = {"If-Match": etag_of(product)} if conditional else {}
        body = {"price": 1} if method == "PATCH" else None
        with round_trips() as made:
            response = await shop.client.request(method, f"/products/{product['id']}", json=body, headers=headers)
        assert response.is_success
        return len(made)

    await count_trips("PATCH", conditional=False)  # the first request may have to connect
    assert await count_trips("PATCH", conditional=True) == await count_trips("PATCH", conditional=False)
    assert await count_trips("DELETE", conditional=True) <= await count_trips("DELETE", conditional=False) + 1


# The API document


async def test_openapi_documents_etags_and_conditions(app: FastAPI) -> None:
    with_etag = 0
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
            responses = operation["responses"]
            has_tag = any(
                "ETag" in response["headers"] for status, response in responses.items() if status.startswith("2")
            )
            is_change = "{id}" in path and method != "get"
            assert ("412" in responses) == ("If-Match" in headers) == is_change, (method, path)
            assert ("304" in responses) == ("If-None-Match" in headers) == (has_tag and method == "get"), (method, path)
            assert "content" not in responses.get("304", {})
            with_etag += has_tag
    assert with_etag >= 30

"""Entity tags and conditional requests: nobody overwrites what they have not seen, or fetches what they have."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from conformance.crowd import outcomes
from conformance.problem import refusal
from conformance.shop import Json, Shop

Trips = Callable[[], AbstractContextManager[list[str]]]

FAILED = (412, "precondition-failed")
CLIENTS = 16

# Each modifying operation on one entity, and the body or query of such a request.
CHANGES: dict[str, Any] = {
    "PUT /users/{id}": {"username": "changed", "email": "changed@example.com"},
    "PATCH /users/{id}": {"bio": "Changed."},
    "DELETE /users/{id}": None,
    "DELETE /users/{id}/soft": None,
    "PUT /categories/{id}": {"name": "Changed"},
    "PATCH /categories/{id}": {"name": "Changed"},
    "DELETE /categories/{id}": None,
    "PUT /products/{id}": {"name": "Changed", "sku": "CHANGED", "price": 1},
    "PATCH /products/{id}": {"price": 1},
    "DELETE /products/{id}": None,
    "POST /products/{id}/stock": {"quantity_change": -1},
    "PATCH /orders/{id}/status?new_status=cancelled": None,
    "POST /orders/{id}/payments": {"amount": "79.99", "method": "card"},
    "PUT /posts/{id}": {"title": "Changed", "content": "Changed.", "author_id": 1},
    "PATCH /posts/{id}": {"tags": ["changed"]},
    "DELETE /posts/{id}": None,
    "POST /posts/{id}/view": None,
    "PUT /tags/{id}": {"name": "Changed"},
    "PATCH /tags/{id}": {"name": "Changed"},
    "DELETE /tags/{id}": None,
    "POST /accounts/{id}/deposit": {"amount": 1},
    "POST /notifications/{id}/read": None,
}
KINDS = ("users", "categories", "products", "orders", "posts", "tags", "accounts", "notifications")

by_kind = pytest.mark.parametrize("kind", KINDS)


def changes(kind: str) -> list[str]:
    return [operation for operation in CHANGES if operation.split("/")[1] == kind]


async def made(shop: Shop, kind: str) -> Json:
    """One of a kind, at its first version."""
    user = await shop.user()
    makers: dict[str, Callable[[], Awaitable[Json]]] = {
        "categories": shop.category,
        "products": shop.product,
        "posts": lambda: shop.article(user, tags=["a"]),
        "tags": shop.tag,
        "accounts": lambda: shop.account(user),
    }
    if kind in makers:
        return await makers[kind]()
    if kind == "users":
        return user
    order = await shop.order(user, await shop.product(), notify=True)
    return order if kind == "orders" else (await shop.get(f"/users/{user['id']}/notifications"))["items"][0]


async def touch(shop: Shop, kind: str, id: int) -> None:
    """Somebody else makes the second version."""
    method, path, body = {
        "users": ("PATCH", "", {"full_name": "Somebody Else"}),
        "categories": ("PATCH", "", {"description": "Somebody else's."}),
        "products": ("POST", "/stock", {"quantity_change": 1}),
        "orders": ("PATCH", "/status?new_status=confirmed", None),
        "posts": ("POST", "/view", None),
        "tags": ("PATCH", "", {"name": "Somebody else's"}),
        "accounts": ("POST", "/deposit", {"amount": 1}),
        "notifications": ("POST", "/read", None),
    }[kind]
    answer = await shop.client.request(method, f"/{kind}/{id}{path}", json=body)
    assert answer.status_code == 200, answer.text


async def send(shop: Shop, operation: str, id: int, if_match: str) -> httpx2.Response:
    method, path = operation.split()
    url = path.replace("{id}", str(id))
    return await shop.client.request(method, url, json=CHANGES[operation], headers={"If-Match": if_match})


def tag(entity: Json) -> str:
    return f'"{entity["id"]}-{entity["version"]}"'


# Tags of answers


async def test_entity_response_has_etag(shop: Shop) -> None:
    for kind in KINDS[:-1]:  # a notification is only listed
        entity = await made(shop, kind)
        url = f"/{kind}/{entity['id']}"
        first, again = await shop.client.get(url), await shop.client.get(f"{url}/")
        assert first.headers["etag"] == again.headers["etag"] == tag(entity) == f'"{entity["id"]}-1"', kind
        assert first.content == again.content
        assert (await shop.client.head(url)).headers["etag"] == tag(entity)
        await touch(shop, kind, entity["id"])
        assert (await shop.client.get(url)).headers["etag"] == f'"{entity["id"]}-2"', kind


async def test_created_or_changed_entity_has_etag(shop: Shop) -> None:
    post = shop.client.post
    user = await post("/users", json=shop.registration())
    product = await post("/products", json=shop.draft())
    order = {"user_id": 1, "items": [{"product_id": 1, "quantity": 1}]}
    article = {"title": "x", "content": "x", "author_id": 1}
    for answer in (
        *(user, product, await shop.client.put("/products/1", json=shop.draft() | {"stock_quantity": 9})),
        *(await shop.client.patch("/users/1", json={"bio": "x"}), await post("/orders/with-notifications", json=order)),
        *(await post("/posts", json=article), await post("/posts/1/view"), await post("/tags", json={"name": "x"})),
        *(await post("/accounts", json={"user_id": 1}), await post("/accounts/1/deposit", json={"amount": 1})),
        *(await post("/categories", json={"name": "x"}), await post("/notifications/1/read")),
        await post("/orders/1/payments", json={"amount": (await shop.get("/orders/1"))["total_amount"], "method": "x"}),
    ):
        assert answer.headers["etag"] == tag(answer.json()), answer.url


async def test_etag_is_the_same_by_every_key(shop: Shop) -> None:
    user, product = await shop.user(), await shop.product()
    for entity, url in (
        (user, f"/users/by-email/{user['email']}"),
        (product, f"/products/by-sku/{product['sku']}"),
        (product, f"/products/by-slug/{product['slug']}"),
    ):
        assert (await shop.client.get(url)).headers["etag"] == tag(entity), url


async def test_response_without_one_entity_has_no_etag(shop: Shop) -> None:
    for kind in ("users", "categories", "posts", "orders", "accounts"):
        await made(shop, kind)
    for url in (
        *("/users", "/users/1/with-posts", "/orders/1/details", "/categories/1/products", "/categories/tree"),
        *("/", "/livez", "/readyz", "/users/stats/active-count", "/accounts/1/transfers", "/users/99", "/nothing"),
    ):
        assert "etag" not in (await shop.client.get(url)).headers, url


async def test_etag_changes_with_shown_references(shop: Shop) -> None:
    """A post shows the names of its tags, a product its category: a change of those is a new version of it."""
    category = await shop.category()
    product = await shop.product(category_id=category["id"])
    post = await shop.article(await shop.user(), tags=["a"])
    [label] = (await shop.get("/tags"))["items"]
    await shop.client.patch(f"/tags/{label['id']}", json={"name": "b"})
    await shop.client.delete(f"/categories/{category['id']}")
    for url, before in ((f"/posts/{post['id']}", post), (f"/products/{product['id']}", product)):
        answer = await shop.client.get(url, headers={"If-None-Match": tag(before)})
        assert answer.status_code == 200, url
        assert answer.headers["etag"] != tag(before)


# If-None-Match


async def test_if_none_match_of_current_etag_is_304(shop: Shop) -> None:
    product = await shop.product()
    url, current = f"/products/{product['id']}", tag(product)
    for given in (current, f"W/{current}", f'"x", {current}', f'W/"0-0",{current} , "y"', "*"):
        for ask in (shop.client.get, shop.client.head):
            answer = await ask(url, headers={"If-None-Match": given})
            assert (answer.status_code, answer.content) == (304, b""), given
            assert answer.headers["etag"] == current
            assert "content-type" not in answer.headers


async def test_if_none_match_of_stale_etag_is_200(shop: Shop) -> None:
    product = await shop.product()
    url = f"/products/{product['id']}"
    await touch(shop, "products", product["id"])
    key = product["id"]
    for given in (tag(product), f"{key}-2", "", '"', f'"{key + 1}-2"'):
        answer = await shop.client.get(url, headers={"If-None-Match": given})
        assert (answer.status_code, answer.json()["version"]) == (200, 2), given
    await shop.client.delete(url)
    assert refusal(await shop.client.get(url, headers={"If-None-Match": "*"})) == (404, "not-found")


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
    entity = await made(shop, kind)
    await touch(shop, kind, entity["id"])
    before = await shop.contents()
    key, now = entity["id"], f"{entity['id']}-2"
    for given in (tag(entity), f'"{key + 1}-2"', f'W/"{now}"', now, f"'{now}'", '"x"', "", f'"0{now}"'):
        for operation in changes(kind):
            answer = await send(shop, operation, key, given)
            assert refusal(answer) == FAILED, f"{operation} {given}: {answer.text}"
    assert await shop.contents() == before


@by_kind
async def test_if_match_of_current_etag_succeeds(shop: Shop, kind: str) -> None:
    for operation in changes(kind):
        for given in ("{}", "*", '"9-9", {} ,"x"'):
            entity = await made(shop, kind)
            answer = await send(shop, operation, entity["id"], given.format(tag(entity)))
            assert answer.is_success, f"{operation} {given}: {answer.text}"
            if operation.startswith(("PUT", "PATCH")) and kind != "orders":  # or the next would meet its names
                assert (await shop.client.delete(f"/{kind}/{entity['id']}")).status_code == 204


async def test_if_match_on_unknown_id_is_404(shop: Shop) -> None:
    await shop.user()
    for operation in CHANGES:
        for given in ('"99-1"', "*"):
            assert refusal(await send(shop, operation, 99, given)) == (404, "not-found"), operation


async def test_unchanged_entity_keeps_its_etag(shop: Shop) -> None:
    label = await shop.tag()
    answer = await shop.client.patch(
        f"/tags/{label['id']}", json={"name": label["name"]}, headers={"If-Match": tag(label)}
    )
    assert answer.headers["etag"] == tag(label)


async def test_etag_of_change_allows_the_next_change(shop: Shop) -> None:
    etag = tag(await shop.product())
    for price in (1, 2, 3):
        answer = await shop.client.patch("/products/1", json={"price": price}, headers={"If-Match": etag})
        assert answer.status_code == 200
        etag = answer.headers["etag"]
    assert etag == '"1-4"'


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_concurrent_if_match_has_one_winner(shop: Shop, method: str) -> None:
    product = await shop.product()
    url, headers = f"/products/{product['id']}", {"If-Match": tag(product)}

    async def one(number: int) -> httpx2.Response:
        body = None if method == "DELETE" else shop.draft() | {"stock_quantity": number}
        return await shop.client.request(method, url, json=body, headers=headers)

    answers = await asyncio.gather(*map(one, range(CLIENTS)))
    if method == "DELETE":
        assert outcomes(answers) == {204: 1, (404, "not-found"): CLIENTS - 1}
        return
    assert outcomes(answers) == {200: 1, FAILED: CLIENTS - 1}
    [winner] = [answer.json() for answer in answers if answer.is_success]
    assert await shop.get(url) == winner
    assert winner["version"] == 2


async def test_if_match_change_and_delete_are_exclusive(shop: Shop) -> None:
    for _ in range(5):
        product = await shop.product()
        url, headers = f"/products/{product['id']}", {"If-Match": tag(product)}
        changed, deleted = await asyncio.gather(
            shop.client.patch(url, json={"price": 1}, headers=headers), shop.client.delete(url, headers=headers)
        )
        if changed.is_success:
            assert refusal(deleted) == FAILED
        else:
            assert (deleted.status_code, refusal(changed)) == (204, (404, "not-found"))


async def test_if_match_costs_at_most_one_round_trip(shop: Shop, trips: Trips) -> None:
    async def cost(method: str, conditional: bool) -> int:
        product = await shop.product()
        headers = {"If-Match": tag(product)} if conditional else {}
        body = {"price": 1} if method == "PATCH" else None
        with trips() as counted:
            answer = await shop.client.request(method, f"/products/{product['id']}", json=body, headers=headers)
        assert answer.is_success
        return len(counted)

    await cost("PATCH", conditional=False)  # the first of all may have to connect
    assert await cost("PATCH", conditional=True) == await cost("PATCH", conditional=False)
    assert await cost("DELETE", conditional=True) <= await cost("DELETE", conditional=False) + 1


# The API document


async def test_openapi_documents_etags_and_conditions(app: FastAPI) -> None:
    tagged = 0
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
            answers = operation["responses"]
            has_tag = any("ETag" in answer["headers"] for status, answer in answers.items() if status.startswith("2"))
            changes = "{id}" in path and method != "get"
            assert ("412" in answers) == ("If-Match" in headers) == changes, (method, path)
            assert ("304" in answers) == ("If-None-Match" in headers) == (has_tag and method == "get"), (method, path)
            assert "content" not in answers.get("304", {})
            tagged += has_tag
    assert tagged >= 30

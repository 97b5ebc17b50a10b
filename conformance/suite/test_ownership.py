"""Ownership with ``AUTH=required``: what users see of others, what they may do, and the round trips of the checks."""

import asyncio

import httpx2
import pytest

from api.auth.permissions import Audience
from api.routers import PERMISSIONS
from conformance.fixtures import RoundTrips
from conformance.problem import error_fields, error_of, read_problem
from conformance.protected_shop import ProtectedShop
from conformance.shop import Json
from conformance.suite.sample_requests import OwnedEntities, sample_request

NOT_FOUND, FORBIDDEN, UNKNOWN = (404, "not-found"), (403, "forbidden"), (400, "unknown-reference")
PRIVILEGED = (Audience.OPERATOR, Audience.SUPERUSER)
UNKNOWN_ID = 9_007_199_254_740_000
"""An id that no entity has."""


# Visibility


@pytest.mark.parametrize(
    "name",
    [name for name, row in PERMISSIONS.items() if "id}" in name and row.audience is Audience.USER],
)
async def test_entity_of_other_user_looks_missing(
    protected_shop: ProtectedShop, other_client: httpx2.AsyncClient, name: str
) -> None:
    owned = OwnedEntities(protected_shop.superuser, await protected_shop.create_user())
    method, url, body = await sample_request(name, owned)
    foreign = next(part for part in url.partition("?")[0].split("/") if part.isdigit())
    missing = url.replace(f"/{foreign}", f"/{UNKNOWN_ID}", 1)
    found = comparable_404(await other_client.request(method, url, **body), foreign)
    assert found == comparable_404(await other_client.request(method, missing, **body), str(UNKNOWN_ID))
    assert found == comparable_404(
        await protected_shop.superuser.client.request(method, missing, **body), str(UNKNOWN_ID)
    )
    assert (await protected_shop.superuser.client.request(method, url, **body)).is_success, "it exists, unchanged"


def comparable_404(response: httpx2.Response, id: str) -> Json:
    """A 404 without what differs between requests."""
    problem = read_problem(response)
    assert problem["status"] == 404
    return problem | {"instance": "", "detail": problem["detail"].replace(id or "…", "…")}


@pytest.mark.parametrize(
    "name",
    [name for name, row in PERMISSIONS.items() if name.startswith("GET ") and row.audience in PRIVILEGED],
)
async def test_superuser_read_looks_missing_to_users(
    protected_shop: ProtectedShop, other_client: httpx2.AsyncClient, name: str
) -> None:
    user = await protected_shop.create_user()
    _, url, _ = await sample_request(name, OwnedEntities(protected_shop.superuser, user))
    if name.startswith("GET /users/by-"):
        path, key = url.rpartition("/")[0], url.rpartition("/")[2]
        existing, unknown = [await other_client.get(f"{path}/{one}") for one in (key, "None@b.example")]
        missing = await protected_shop.superuser.client.get(f"{path}/None@b.example")
        assert (
            comparable_404(existing, key)
            == comparable_404(unknown, "None@b.example")
            == comparable_404(missing, "None@b.example")
        )
    else:
        assert comparable_404(await other_client.get(url), "") == comparable_404(await other_client.get("/nothing"), "")


async def test_unpublished_post_is_visible_to_its_author(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient], other_client: httpx2.AsyncClient
) -> None:
    owned, author = owner
    for post in [await owned.post(status) for status in ("draft", "archived")]:
        path = f"/posts/{post['id']}"
        for client in (protected_shop.anonymous, other_client):
            for response in (await client.get(path), await client.post(f"{path}/view")):
                assert comparable_404(response, str(post["id"])) == comparable_404(
                    await client.get(f"/posts/{UNKNOWN_ID}"), str(UNKNOWN_ID)
                )
        assert (await author.get(path)).json() == post
        assert error_of(await author.post(f"{path}/view")) == FORBIDDEN
        assert error_of(await author.patch(path, json={"title": "New"})) == FORBIDDEN
        assert (await protected_shop.superuser.client.post(f"{path}/view")).is_success


async def test_lists_hide_unpublished_posts_of_others(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient], other_client: httpx2.AsyncClient
) -> None:
    owned, author = owner
    tag = await protected_shop.superuser.tag()
    hidden = [await owned.post(status, tags=[tag["name"]]) for status in ("draft", "archived")]
    published = await owned.post(tags=[tag["name"]])
    by_tag, by_author = f"/tags/{tag['id']}/posts", f"/posts?author_id={owned.owner['id']}"
    all_posts = {published["id"], *(post["id"] for post in hidden)}
    for client, path, ids in [
        (protected_shop.anonymous, "/posts", {published["id"]}),
        (protected_shop.anonymous, "/posts?status=draft", set()),
        (protected_shop.anonymous, by_author, {published["id"]}),
        (other_client, by_tag, {published["id"]}),
        (other_client, f"{by_author}&status=archived", set()),
        (author, "/posts", {published["id"]}),
        (author, by_tag, {published["id"]}),
        (author, by_author, all_posts),
        (author, f"{by_author}&status=draft", {hidden[0]["id"]}),
        (protected_shop.superuser.client, "/posts", all_posts),
        (protected_shop.superuser.client, by_tag, all_posts),
    ]:
        listing = (await client.get(path)).json()
        assert ({post["id"] for post in listing["items"]}, listing["total"]) == (ids, len(ids)), path
    own = (await author.get(f"/users/{owned.owner['id']}/with-posts")).json()
    assert {post["id"] for post in own["posts"]} == all_posts


async def test_order_list_has_own_orders_only(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient], other_client: httpx2.AsyncClient
) -> None:
    owned, client = owner
    order = await owned.order()
    own_orders = f"/orders?user_id={owned.owner['id']}"
    for each, path, ids in [
        (client, "/orders", [order["id"]]),
        (client, own_orders, [order["id"]]),
        (client, f"{own_orders}&cursor=", [order["id"]]),
        (client, f"/orders?user_id={UNKNOWN_ID}", []),
        (other_client, "/orders", []),
        (other_client, own_orders, []),
        (other_client, f"{own_orders}&cursor=", []),
        (protected_shop.superuser.client, own_orders, [order["id"]]),
    ]:
        assert [one["id"] for one in (await each.get(path)).json()["items"]] == ids, path


# Permissions on visible entities


async def test_customer_can_only_cancel_pending_orders(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient]
) -> None:
    owned, client = owner
    path = f"/orders/{(await owned.order())['id']}/status?new_status="
    for status in ("confirmed", "shipped", "delivered", "pending"):
        response = await client.patch(f"{path}{status}")
        assert (error_of(response), error_fields(response)) == (FORBIDDEN, ["new_status"])
    assert (await protected_shop.superuser.client.patch(f"{path}confirmed")).is_success
    assert error_of(await client.patch(f"{path}cancelled")) == FORBIDDEN
    assert (await protected_shop.superuser.client.patch(f"{path}cancelled")).is_success
    assert error_of(await client.patch(f"{path}cancelled")) == (400, "invalid-transition")


async def test_cancel_permission_is_checked_under_lock(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient]
) -> None:
    owned, client = owner
    for _ in range(5):
        order = await owned.order()
        path = f"/orders/{order['id']}/status?new_status="
        confirmed, *cancelled = await asyncio.gather(
            protected_shop.superuser.client.patch(f"{path}confirmed"),
            *(client.patch(f"{path}cancelled") for _ in range(3)),
        )
        status = (await protected_shop.superuser.get(f"/orders/{order['id']}"))["status"]
        stock = (await protected_shop.superuser.get(f"/products/{order['items'][0]['product_id']}"))["stock_quantity"]
        if confirmed.is_success:
            assert [error_of(response) for response in cancelled] == [FORBIDDEN] * 3
            assert (status, stock) == ("confirmed", 99)
        else:
            assert error_of(confirmed) == (400, "invalid-transition")
            assert sum(response.is_success for response in cancelled) == 1
            assert (status, stock) == ("cancelled", 100)


async def test_users_cannot_create_for_others(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient], other_client: httpx2.AsyncClient
) -> None:
    owned, client = owner
    product = await protected_shop.superuser.product()
    items = [{"product_id": product["id"], "quantity": 1}]
    for user_id in (owned.owner["id"], UNKNOWN_ID):  # an unknown user gives the same error
        for path, body in [
            ("/orders", {"items": items}),
            ("/orders/with-notifications", {"items": items}),
            ("/accounts", {}),
        ]:
            response = await other_client.post(path, json={"user_id": user_id} | body)
            assert (error_of(response), error_fields(response)) == (FORBIDDEN, ["user_id"])
    response = await client.post("/accounts", json={"user_id": owned.owner["id"], "balance": "0.01"})
    assert (error_of(response), error_fields(response)) == (FORBIDDEN, ["balance"])
    assert (await protected_shop.superuser.get(f"/products/{product['id']}"))["stock_quantity"] == 100
    assert (await protected_shop.superuser.get("/orders"))["total"] == 0
    assert error_of(await protected_shop.superuser.client.get("/accounts/1")) == NOT_FOUND


async def test_transfer_needs_own_source_account(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient], other_client: httpx2.AsyncClient
) -> None:
    owned, _ = owner
    foreign, target = (
        await owned.account("10.00"),
        await protected_shop.superuser.account(await protected_shop.create_user()),
    )
    responses = [
        await other_client.post(
            "/accounts/transfers", json={"from_account_id": source, "to_account_id": target["id"], "amount": "1.00"}
        )
        for source in (foreign["id"], UNKNOWN_ID)
    ]
    assert [(error_of(response), error_fields(response)) for response in responses] == [
        (UNKNOWN, ["from_account_id"])
    ] * 2
    assert responses[0].json() | {"instance": ""} == responses[1].json() | {"instance": ""}
    assert await protected_shop.superuser.get(f"/accounts/{foreign['id']}") == foreign


async def test_transfers_are_visible_to_account_owner(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient], other_client: httpx2.AsyncClient
) -> None:
    owned, client = owner
    source, target = (
        await owned.account("10.00"),
        await protected_shop.superuser.account(await protected_shop.create_user()),
    )
    body = {"from_account_id": source["id"], "to_account_id": target["id"], "amount": "1.00"}
    transfer = (await client.post("/accounts/transfers", json=body)).json()
    path = f"/accounts/{source['id']}/transfers"
    assert (await client.get(path)).json()["items"] == [transfer] == (await protected_shop.superuser.get(path))["items"]
    for found in (path, f"{path}?cursor=", f"/accounts/{target['id']}/transfers"):
        assert error_of(await other_client.get(found)) == NOT_FOUND
    assert error_of(await client.get(f"/accounts/{target['id']}/transfers")) == NOT_FOUND


async def test_requests_of_others_change_nothing(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient], other_client: httpx2.AsyncClient
) -> None:
    owned, _ = owner
    order, user = await owned.order(), owned.owner
    for client in (other_client, protected_shop.anonymous, await protected_shop.register_deactivated_user()):
        for method, path, body in [
            ("PATCH", f"/orders/{order['id']}/status?new_status=cancelled", None),
            ("POST", f"/orders/{order['id']}/payments", {"amount": "79.99", "method": "card"}),
            ("PATCH", f"/users/{user['id']}", {"bio": "Not me."}),
            ("DELETE", f"/users/{user['id']}", None),
            ("DELETE", f"/users/{user['id']}/soft", None),
        ]:
            assert not (await client.request(method, path, json=body)).is_success
    assert await protected_shop.superuser.get(f"/orders/{order['id']}") == order
    assert await protected_shop.superuser.get(f"/users/{user['id']}") == user


async def test_idempotency_keys_are_per_user(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient], other_client: httpx2.AsyncClient
) -> None:
    owned, client = owner
    product = await protected_shop.superuser.product()
    body = {"user_id": owned.owner["id"], "items": [{"product_id": product["id"], "quantity": 1}]}
    key = {"Idempotency-Key": "one"}
    first, again = [await client.post("/orders", json=body, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (201, first.json())
    assert error_of(await other_client.post("/orders", json=body, headers=key)) == FORBIDDEN, "it is not a replay"
    assert error_of(await protected_shop.anonymous.post("/orders", json=body, headers=key)) == (401, "unauthenticated")
    assert (await protected_shop.superuser.get("/orders"))["total"] == 1
    cancel = f"/orders/{first.json()['id']}/status?new_status=cancelled"
    assert (await client.patch(cancel)).is_success
    paid = await client.post(f"/orders/{UNKNOWN_ID}/payments", json={"amount": "1.00", "method": "card"}, headers=key)
    assert error_of(paid) == (422, "idempotency-key-reused")


# Round trips


async def test_token_costs_one_round_trip(
    protected_shop: ProtectedShop, owner: tuple[OwnedEntities, httpx2.AsyncClient], round_trips: RoundTrips
) -> None:
    owned, client = owner
    order, account, post = await owned.order(), await owned.account(), await owned.post()

    async def count_trips(client_: httpx2.AsyncClient, path: str) -> int:
        with round_trips() as counted:
            assert (await client_.get(path)).is_success
        return len(counted)

    await count_trips(client, "/orders")  # the first request may have to connect
    for path in (f"/orders/{order['id']}", f"/accounts/{account['id']}", f"/posts/{post['id']}"):
        assert await count_trips(client, path) == 1 + 1
        assert await count_trips(protected_shop.superuser.client, path) == 1 + 1
    assert await count_trips(client, f"/orders/{order['id']}/details") <= 1 + 3
    transfers = f"/accounts/{account['id']}/transfers"
    assert (
        await count_trips(client, transfers) == await count_trips(protected_shop.superuser.client, transfers) + 1
    )  # transfers do not name their owner
    assert await count_trips(client, "/products?cursor=") == 1, "a public list ignores the token"
    assert await count_trips(protected_shop.anonymous, f"/posts/{post['id']}") == 1
    assert await count_trips(client, "/livez") == 0

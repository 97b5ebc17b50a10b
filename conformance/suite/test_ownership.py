"""Whose something is, with ``AUTH=required``: what users see, what they may do with it, and what it costs to decide."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx2
import pytest

from api.auth.permissions import Audience
from api.routers import PERMISSIONS
from conformance.house import House
from conformance.problem import blamed, read_problem, refusal
from conformance.shop import Json
from conformance.suite.errands import Belongings, errand

Trips = Callable[[], AbstractContextManager[list[str]]]

MISSING, FORBIDDEN, UNKNOWN = (404, "not-found"), (403, "forbidden"), (400, "unknown-reference")
FOR_STAFF = (Audience.OPERATOR, Audience.SUPERUSER)
ABSENT = 9_007_199_254_740_000
"""An id that nothing has."""


# What one may not see


@pytest.mark.parametrize(
    "name",
    [name for name, row in PERMISSIONS.items() if "id}" in name and row.audience is Audience.USER],
)
async def test_what_is_somebody_elses_is_missing_in_the_words_for_what_is_not_there(
    house: House, other: httpx2.AsyncClient, name: str
) -> None:
    belongings = Belongings(house.staff, await house.user())
    method, url, body = await errand(name, belongings)
    theirs = next(part for part in url.partition("?")[0].split("/") if part.isdigit())
    nothing = url.replace(f"/{theirs}", f"/{ABSENT}", 1)
    seen = words(await other.request(method, url, **body), theirs)
    assert seen == words(await other.request(method, nothing, **body), str(ABSENT))
    assert seen == words(await house.staff.client.request(method, nothing, **body), str(ABSENT))
    assert (await house.staff.client.request(method, url, **body)).is_success, "it was there, and nobody has touched it"


def words(answer: httpx2.Response, id: str) -> Json:
    """All of a refusal that is not about which request it was."""
    problem = read_problem(answer)
    assert problem["status"] == 404
    return problem | {"instance": "", "detail": problem["detail"].replace(id or "…", "…")}


@pytest.mark.parametrize(
    "name", [name for name, row in PERMISSIONS.items() if name.startswith("GET ") and row.audience in FOR_STAFF]
)
async def test_what_superusers_read_is_missing_in_the_words_for_what_is_not_there(
    house: House, other: httpx2.AsyncClient, name: str
) -> None:
    user = await house.user()
    _, url, _ = await errand(name, Belongings(house.staff, user))
    if name == "GET /users/by-email/{email}":
        there, gone = [await other.get(f"/users/by-email/{email}") for email in (user["email"], "None@b.example")]
        nothing = await house.staff.client.get("/users/by-email/None@b.example")
        assert words(there, user["email"]) == words(gone, "None@b.example") == words(nothing, "None@b.example")
    else:
        assert words(await other.get(url), "") == words(await other.get("/nothing"), "")


async def test_an_unpublished_post_is_for_its_author_to_read_and_for_superusers(
    house: House, owner: tuple[Belongings, httpx2.AsyncClient], other: httpx2.AsyncClient
) -> None:
    belongings, author = owner
    tag = await house.staff.tag()
    hidden = [await belongings.post(status, tags=[tag["name"]]) for status in ("draft", "archived")]
    shown = await belongings.post(tags=[tag["name"]])
    by_tag, by_author = f"/tags/{tag['id']}/posts", f"/posts?author_id={belongings.owner['id']}"
    for post in hidden:
        path = f"/posts/{post['id']}"
        for stranger in (house.anonymous, other):
            for answer in (await stranger.get(path), await stranger.post(f"{path}/view")):
                assert words(answer, str(post["id"])) == words(await stranger.get(f"/posts/{ABSENT}"), str(ABSENT))
        assert (await author.get(path)).json() == post
        assert refusal(await author.post(f"{path}/view")) == FORBIDDEN
        assert refusal(await author.patch(path, json={"title": "New"})) == FORBIDDEN
        assert (await house.staff.client.post(f"{path}/view")).is_success
    every = {shown["id"], *(post["id"] for post in hidden)}
    for client, path, ids in [
        (house.anonymous, "/posts", {shown["id"]}),
        (house.anonymous, "/posts?status=draft", set()),
        (house.anonymous, by_author, {shown["id"]}),
        (other, by_tag, {shown["id"]}),
        (other, f"{by_author}&status=archived", set()),
        (author, "/posts", {shown["id"]}),
        (author, by_tag, {shown["id"]}),
        (author, by_author, every),
        (author, f"{by_author}&status=draft", {hidden[0]["id"]}),
        (house.staff.client, "/posts", every),
        (house.staff.client, by_tag, every),
    ]:
        listing = (await client.get(path)).json()
        assert ({post["id"] for post in listing["items"]}, listing["total"]) == (ids, len(ids)), path
    own = (await author.get(f"/users/{belongings.owner['id']}/with-posts")).json()
    assert {post["id"] for post in own["posts"]} == every


async def test_a_user_s_list_of_orders_holds_its_own(
    house: House, owner: tuple[Belongings, httpx2.AsyncClient], other: httpx2.AsyncClient
) -> None:
    belongings, client = owner
    order = await belongings.order()
    mine = f"/orders?user_id={belongings.owner['id']}"
    for asks, path, ids in [
        (client, "/orders", [order["id"]]),
        (client, mine, [order["id"]]),
        (client, f"{mine}&cursor=", [order["id"]]),
        (client, f"/orders?user_id={ABSENT}", []),
        (other, "/orders", []),
        (other, mine, []),
        (other, f"{mine}&cursor=", []),
        (house.staff.client, mine, [order["id"]]),
    ]:
        assert [one["id"] for one in (await asks.get(path)).json()["items"]] == ids, path


# What one may see but not do


async def test_a_customer_cancels_what_is_pending_and_does_no_more(
    house: House, owner: tuple[Belongings, httpx2.AsyncClient]
) -> None:
    belongings, client = owner
    path = f"/orders/{(await belongings.order())['id']}/status?new_status="
    for status in ("confirmed", "shipped", "delivered", "pending"):
        answer = await client.patch(f"{path}{status}")
        assert (refusal(answer), blamed(answer)) == (FORBIDDEN, ["new_status"])
    assert (await house.staff.client.patch(f"{path}confirmed")).is_success
    assert refusal(await client.patch(f"{path}cancelled")) == FORBIDDEN
    assert (await house.staff.client.patch(f"{path}cancelled")).is_success
    assert refusal(await client.patch(f"{path}cancelled")) == (400, "invalid-transition")


async def test_whether_an_order_is_pending_is_decided_with_the_order_held(
    house: House, owner: tuple[Belongings, httpx2.AsyncClient]
) -> None:
    belongings, client = owner
    for _ in range(5):
        order = await belongings.order()
        path = f"/orders/{order['id']}/status?new_status="
        confirmed, *cancelled = await asyncio.gather(
            house.staff.client.patch(f"{path}confirmed"), *(client.patch(f"{path}cancelled") for _ in range(3))
        )
        status = (await house.staff.get(f"/orders/{order['id']}"))["status"]
        stock = (await house.staff.get(f"/products/{order['items'][0]['product_id']}"))["stock_quantity"]
        if confirmed.is_success:
            assert [refusal(answer) for answer in cancelled] == [FORBIDDEN] * 3
            assert (status, stock) == ("confirmed", 99)
        else:
            assert refusal(confirmed) == (400, "invalid-transition")
            assert sum(answer.is_success for answer in cancelled) == 1
            assert (status, stock) == ("cancelled", 100)


async def test_nobody_orders_or_opens_accounts_for_another_nor_makes_money(
    house: House, owner: tuple[Belongings, httpx2.AsyncClient], other: httpx2.AsyncClient
) -> None:
    belongings, client = owner
    product = await house.staff.product()
    items = [{"product_id": product["id"], "quantity": 1}]
    for user_id in (belongings.owner["id"], ABSENT):  # whether there is such a user is not told
        for path, body in [
            ("/orders", {"items": items}),
            ("/orders/with-notifications", {"items": items}),
            ("/accounts", {}),
        ]:
            answer = await other.post(path, json={"user_id": user_id} | body)
            assert (refusal(answer), blamed(answer)) == (FORBIDDEN, ["user_id"])
    answer = await client.post("/accounts", json={"user_id": belongings.owner["id"], "balance": "0.01"})
    assert (refusal(answer), blamed(answer)) == (FORBIDDEN, ["balance"])
    assert (await house.staff.get(f"/products/{product['id']}"))["stock_quantity"] == 100
    assert (await house.staff.get("/orders"))["total"] == 0
    assert refusal(await house.staff.client.get("/accounts/1")) == MISSING


async def test_money_leaves_the_accounts_of_whoever_sends_it_only(
    house: House, owner: tuple[Belongings, httpx2.AsyncClient], other: httpx2.AsyncClient
) -> None:
    belongings, _ = owner
    theirs, target = await belongings.account(), await house.staff.account(await house.user())
    answers = [
        await other.post(
            "/accounts/transfers", json={"from_account_id": source, "to_account_id": target["id"], "amount": "1.00"}
        )
        for source in (theirs["id"], ABSENT)
    ]
    assert [(refusal(answer), blamed(answer)) for answer in answers] == [(UNKNOWN, ["from_account_id"])] * 2
    assert answers[0].json() | {"instance": ""} == answers[1].json() | {"instance": ""}
    assert await house.staff.get(f"/accounts/{theirs['id']}") == theirs


async def test_what_moved_through_an_account_is_for_its_owner(
    house: House, owner: tuple[Belongings, httpx2.AsyncClient], other: httpx2.AsyncClient
) -> None:
    belongings, client = owner
    source, target = await belongings.account(), await house.staff.account(await house.user())
    body = {"from_account_id": source["id"], "to_account_id": target["id"], "amount": "1.00"}
    transfer = (await client.post("/accounts/transfers", json=body)).json()
    path = f"/accounts/{source['id']}/transfers"
    assert (await client.get(path)).json()["items"] == [transfer] == (await house.staff.get(path))["items"]
    for seen in (path, f"{path}?cursor=", f"/accounts/{target['id']}/transfers"):
        assert refusal(await other.get(seen)) == MISSING
    assert refusal(await client.get(f"/accounts/{target['id']}/transfers")) == MISSING


async def test_what_a_stranger_sends_changes_nothing(
    house: House, owner: tuple[Belongings, httpx2.AsyncClient], other: httpx2.AsyncClient
) -> None:
    belongings, _ = owner
    order, user = await belongings.order(), belongings.owner
    for client in (other, house.anonymous, await house.deactivated()):
        for method, path, body in [
            ("PATCH", f"/orders/{order['id']}/status?new_status=cancelled", None),
            ("POST", f"/orders/{order['id']}/payments", {"amount": "79.99", "method": "card"}),
            ("PATCH", f"/users/{user['id']}", {"bio": "Not me."}),
            ("DELETE", f"/users/{user['id']}", None),
            ("DELETE", f"/users/{user['id']}/soft", None),
        ]:
            assert not (await client.request(method, path, json=body)).is_success
    assert await house.staff.get(f"/orders/{order['id']}") == order
    assert await house.staff.get(f"/users/{user['id']}") == user


async def test_a_key_of_one_user_is_none_of_another_s(
    house: House, owner: tuple[Belongings, httpx2.AsyncClient], other: httpx2.AsyncClient
) -> None:
    belongings, client = owner
    product = await house.staff.product()
    body = {"user_id": belongings.owner["id"], "items": [{"product_id": product["id"], "quantity": 1}]}
    key = {"Idempotency-Key": "one"}
    first, again = [await client.post("/orders", json=body, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (201, first.json())
    assert refusal(await other.post("/orders", json=body, headers=key)) == FORBIDDEN, "it is no replay"
    assert refusal(await house.anonymous.post("/orders", json=body, headers=key)) == (401, "unauthenticated")
    assert (await house.staff.get("/orders"))["total"] == 1
    cancel = f"/orders/{first.json()['id']}/status?new_status=cancelled"
    assert (await client.patch(cancel)).is_success
    paid = await client.post(f"/orders/{ABSENT}/payments", json={"amount": "1.00", "method": "card"}, headers=key)
    assert refusal(paid) == (422, "idempotency-key-reused")


# What it costs


async def test_a_token_costs_one_round_trip_and_whose_something_is_costs_none(
    house: House, owner: tuple[Belongings, httpx2.AsyncClient], trips: Trips
) -> None:
    belongings, client = owner
    order, account, post = await belongings.order(), await belongings.account(), await belongings.post()

    async def cost(who: httpx2.AsyncClient, path: str) -> int:
        with trips() as counted:
            assert (await who.get(path)).is_success
        return len(counted)

    await cost(client, "/orders")  # the first of all may have to connect
    for path in (f"/orders/{order['id']}", f"/accounts/{account['id']}", f"/posts/{post['id']}"):
        assert await cost(client, path) == 1 + 1
        assert await cost(house.staff.client, path) == 1 + 1
    assert await cost(client, f"/orders/{order['id']}/details") <= 1 + 3
    transfers = f"/accounts/{account['id']}/transfers"
    assert await cost(client, transfers) == await cost(house.staff.client, transfers) + 1  # transfers do not say whose
    assert await cost(client, "/products?cursor=") == 1, "who asks is of no interest"
    assert await cost(house.anonymous, f"/posts/{post['id']}") == 1
    assert await cost(client, "/livez") == 0

"""Races: concurrent clients, through two server processes where a storage can be shared, keep every invariant."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import httpx2
import pytest

from conformance.concurrent_clients import ConcurrentClients, count_outcomes
from conformance.defaults import settings_for
from conformance.problem import error_fields
from conformance.processes.servers import run_servers
from conformance.shop import Json
from conformance.target import Target
from core.plugins import Registry

Client = httpx2.AsyncClient
Response = httpx2.Response

INSUFFICIENT_STOCK = (400, "insufficient-stock")
INSUFFICIENT_FUNDS = (400, "insufficient-funds")
INVALID_TRANSITION = (400, "invalid-transition")
UNKNOWN_REFERENCE = (400, "unknown-reference")
CATEGORY_CYCLE = (400, "category-cycle")
DUPLICATE = (409, "duplicate")


@pytest.fixture(scope="module")
def servers(
    conformance_target: Target, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[list[str], Iterator[int]]]:
    """Base URLs of the servers that all these tests share, and the numbers that make their names unique."""
    settings = settings_for(asyncio.run(conformance_target.blank()))
    asyncio.run(registry.choose(settings).migrations(settings).up())
    processes = 2 if conformance_target.backend.capabilities.shared else 1
    with run_servers(settings, tmp_path_factory.mktemp("servers"), processes) as urls:
        yield urls, count(1)


@pytest.fixture
async def clients(servers: tuple[list[str], Iterator[int]]) -> AsyncIterator[ConcurrentClients]:
    """Clients of all servers."""
    async with ConcurrentClients.connect(*servers) as clients:
        yield clients


def order_body(user: Json, *lines: tuple[Json, int]) -> Json:
    items = [{"product_id": product["id"], "quantity": quantity} for product, quantity in lines]
    return {"user_id": user["id"], "items": items}


async def test_64_orders_share_the_last_10_pieces(clients: ConcurrentClients) -> None:
    shop = clients.shop
    user, product = await shop.user(), await shop.product(stock_quantity=10)
    responses = await clients.run(64, lambda client, _: client.post("/orders/", json=order_body(user, (product, 1))))
    assert count_outcomes(responses) == {201: 10, INSUFFICIENT_STOCK: 54}
    assert (await shop.get(f"/products/{product['id']}"))["stock_quantity"] == 0
    assert (await shop.get(f"/orders/user/{user['id']}"))["total"] == 10


async def test_sold_units_and_stock_stay_constant(clients: ConcurrentClients) -> None:
    shop, random_ = clients.shop, random.Random(1)
    user = await shop.user()
    products = [await shop.product(stock_quantity=40) for _ in range(4)]
    lines = [[(product, random_.randint(1, 3)) for product in random_.sample(products, 3)] for _ in range(60)]

    async def order_and_perhaps_cancel(client: Client, number: int) -> Response:
        response = await client.post("/orders", json=order_body(user, *lines[number]))
        if response.is_success and number % 3 == 0:
            cancelled = await client.patch(f"/orders/{response.json()['id']}/status?new_status=cancelled")
            assert cancelled.status_code == 200, cancelled.text
        return response

    responses = await clients.run(60, order_and_perhaps_cancel)
    assert set(count_outcomes(responses)) <= {201, INSUFFICIENT_STOCK}
    sold: Counter[int] = Counter()
    for order in (await shop.get(f"/orders/user/{user['id']}?page_size=100"))["items"]:
        if order["status"] != "cancelled":
            items = (await shop.get(f"/orders/{order['id']}"))["items"]
            sold.update({item["product_id"]: item["quantity"] for item in items})
    for product in products:
        left = (await shop.get(f"/products/{product['id']}"))["stock_quantity"]
        assert left >= 0
        assert left + sold[product["id"]] == 40


async def test_order_is_cancelled_once(clients: ConcurrentClients) -> None:
    shop = clients.shop
    product = await shop.product(stock_quantity=7)
    order = await shop.order(await shop.user(), product, quantity=5)
    path = f"/orders/{order['id']}/status?new_status=cancelled"
    responses = await clients.run(16, lambda client, _: client.patch(path))
    assert count_outcomes(responses) == {200: 1, INVALID_TRANSITION: 15}
    assert (await shop.get(f"/products/{product['id']}"))["stock_quantity"] == 7


async def test_order_is_cancelled_or_paid_once(clients: ConcurrentClients) -> None:
    shop = clients.shop
    product = await shop.product(stock_quantity=1)
    order = await shop.order(await shop.user(), product)
    payment = {"amount": order["total_amount"], "method": "card"}

    async def pay_or_cancel(client: Client, number: int) -> Response:
        if number % 4 == 0:
            return await client.patch(f"/orders/{order['id']}/status?new_status=cancelled")
        return await client.post(f"/orders/{order['id']}/payments", json=payment)

    responses = await clients.run(16, pay_or_cancel)
    succeeded = [(number, response) for number, response in enumerate(responses) if response.is_success]
    assert {outcome for outcome in count_outcomes(responses) if outcome not in (200, 201)} == {INVALID_TRANSITION}
    paid = [response for number, response in succeeded if number % 4]
    cancelled = [response for number, response in succeeded if number % 4 == 0]
    assert len(paid) <= 1
    assert len(cancelled) == 1  # a paid order is confirmed, and a confirmed one can still be cancelled
    assert (await shop.get(f"/orders/{order['id']}"))["status"] == "cancelled"
    assert (await shop.get(f"/products/{product['id']}"))["stock_quantity"] == 1


async def test_order_is_paid_once(clients: ConcurrentClients) -> None:
    shop = clients.shop
    order = await shop.order(await shop.user(), await shop.product())
    payment = {"amount": order["total_amount"], "method": "card"}
    responses = await clients.run(16, lambda client, _: client.post(f"/orders/{order['id']}/payments", json=payment))
    assert count_outcomes(responses) == {201: 1, INVALID_TRANSITION: 15}
    assert (await shop.get(f"/orders/{order['id']}"))["status"] == "confirmed"


@pytest.mark.parametrize("field", ["username", "email"])
async def test_unique_value_is_taken_once(clients: ConcurrentClients, field: str) -> None:
    lines = clients.shop.registration()[field]
    spellings = [lines, lines.upper(), lines.capitalize()]
    bodies = [clients.shop.registration() | {field: spellings[number % 3]} for number in range(16)]
    responses = await clients.run(16, lambda client, number: client.post("/users", json=bodies[number]))
    assert count_outcomes(responses) == {201: 1, DUPLICATE: 15}
    assert {tuple(error_fields(response)) for response in responses if not response.is_success} == {(field,)}


@pytest.mark.parametrize(
    ("path", "name", "more"),
    [("/products", "name", {"price": 1}), ("/posts", "title", {"content": "Text."})],
    ids=["products", "posts"],
)
async def test_taken_derived_slug_is_numbered(clients: ConcurrentClients, path: str, name: str, more: Json) -> None:
    author = await clients.shop.user()
    base = f"{path[1:]} slug {author['id']}"
    drafts = [{name: base} | more | _own_field(path, clients, author) for _ in range(16)]
    responses = await clients.run(16, lambda client, number: client.post(path, json=drafts[number]))
    assert count_outcomes(responses) == {201: 16}
    derived = base.replace(" ", "-")
    assert {response.json()["slug"] for response in responses} == {derived, *(f"{derived}-{n}" for n in range(2, 17))}


async def test_derived_slug_is_never_reported_duplicate(clients: ConcurrentClients) -> None:
    body = clients.shop.draft()
    responses = await clients.run(16, lambda client, _: client.post("/products", json=body))
    assert count_outcomes(responses) == {201: 1, DUPLICATE: 15}
    assert {tuple(error_fields(response)) for response in responses if not response.is_success} == {("sku",)}


def _own_field(path: str, clients: ConcurrentClients, author: Json) -> Json:
    return {"author_id": author["id"]} if path == "/posts" else {"sku": clients.shop.draft()["sku"]}


async def test_new_tag_is_created_once(clients: ConcurrentClients) -> None:
    author = await clients.shop.user()
    name = f"Breaking {author['id']}"
    drafts = [
        {"title": f"{name} {number}", "content": "Text.", "author_id": author["id"], "tags": [name, f"b{number % 4}"]}
        for number in range(16)
    ]
    responses = await clients.run(16, lambda client, number: client.post("/posts", json=drafts[number]))
    assert count_outcomes(responses) == {201: 16}
    tags = (await clients.shop.get("/tags?page_size=100"))["items"]
    [tag] = [tag for tag in tags if tag["name"] == name]
    assert (await clients.shop.get(f"/tags/{tag['id']}/posts"))["total"] == 16


async def test_money_is_conserved(clients: ConcurrentClients) -> None:
    shop, random_ = clients.shop, random.Random(2)
    owner = await shop.user()
    accounts = [(await shop.account(owner, "100.00"))["id"] for _ in range(8)]
    moves = []
    for _ in range(1000):
        source, target = random_.sample(accounts, 2)
        amount = f"{random_.randint(1, 6000) / 100:.2f}"
        moves.append({"from_account_id": source, "to_account_id": target, "amount": amount})

    responses = await clients.run(1000, lambda c, n: c.post("/accounts/transfers", json=moves[n]), concurrency=32)
    assert set(count_outcomes(responses)) == {201, INSUFFICIENT_FUNDS}
    balances = dict.fromkeys(accounts, Decimal(100))
    for move, response in zip(moves, responses, strict=True):
        if response.is_success:
            balances[move["from_account_id"]] -= Decimal(move["amount"])
            balances[move["to_account_id"]] += Decimal(move["amount"])
    stored = {key: Decimal((await shop.get(f"/accounts/{key}"))["balance"]) for key in accounts}
    assert stored == balances
    assert min(stored.values()) >= 0
    assert sum(stored.values()) == 800


async def test_deleted_category_leaves_no_orphan(clients: ConcurrentClients) -> None:
    shop = clients.shop
    for _ in range(4):
        category = await shop.category()
        drafts = [shop.draft() | {"category_id": category["id"]} for _ in range(16)]

        async def create_or_delete(
            client: Client, number: int, category: Json = category, drafts: Any = drafts
        ) -> Response:
            if number == 8:
                return await client.delete(f"/categories/{category['id']}")
            return await client.post("/products", json=drafts[number % 16])

        responses = await clients.run(16, create_or_delete)
        assert responses[8].status_code == 204, responses[8].text
        assert set(count_outcomes(responses)) <= {201, 204, UNKNOWN_REFERENCE}
        for response in responses:
            if response.status_code == 201:
                assert (await shop.get(f"/products/{response.json()['id']}"))["category_id"] is None
            elif response.status_code == 400:
                assert error_fields(response) == ["category_id"]
        assert (await shop.get(f"/products?category_id={category['id']}"))["total"] == 0


async def test_deleted_user_leaves_no_orphan(clients: ConcurrentClients) -> None:
    shop = clients.shop
    product = await shop.product(stock_quantity=1000)
    for _ in range(4):
        user = await shop.user()

        async def create_or_delete(client: Client, number: int, user: Json = user) -> Response:
            if number == 8:
                return await client.delete(f"/users/{user['id']}")
            if number % 2:
                return await client.post("/orders/with-notifications", json=order_body(user, (product, 1)))
            return await client.post("/posts", json={"title": "News", "content": "Text.", "author_id": user["id"]})

        responses = await clients.run(16, create_or_delete)
        assert responses[8].status_code == 204, responses[8].text
        assert set(count_outcomes(responses)) <= {201, 204, UNKNOWN_REFERENCE}
        assert (await shop.get(f"/orders?user_id={user['id']}"))["total"] == 0
        assert (await shop.get(f"/posts?author_id={user['id']}"))["total"] == 0


async def test_concurrent_moves_cannot_close_a_cycle(clients: ConcurrentClients) -> None:
    shop = clients.shop
    one, two, three = [await shop.category() for _ in range(3)]
    for _ in range(8):
        moves = [(one, two), (two, three), (three, one)]

        async def move(client: Client, number: int, moves: Any = moves) -> Response:
            child, parent = moves[number]
            return await client.patch(f"/categories/{child['id']}", json={"parent_id": parent["id"]})

        assert count_outcomes(await clients.run(3, move)) == {200: 2, CATEGORY_CYCLE: 1}
        assert sorted(_ids(await shop.get("/categories/tree"))) == sorted(
            category["id"] for category in (await shop.get("/categories?page_size=100"))["items"]
        )
        for category in (one, two, three):
            await shop.client.patch(f"/categories/{category['id']}", json={"parent_id": None})


def _ids(nodes: list[Json]) -> Iterator[int]:
    for node in nodes:
        yield node["id"]
        yield from _ids(node["children"])


async def test_no_change_is_lost(clients: ConcurrentClients) -> None:
    shop = clients.shop
    product = await shop.product(stock_quantity=100)
    path = f"/products/{product['id']}"

    async def change(client: Client, number: int) -> Response:
        if number % 2:
            return await client.patch(path, json={"description": f"Change {number}."})
        return await client.post(f"{path}/stock", json={"quantity_change": -1})

    responses = await clients.run(32, change)
    assert count_outcomes(responses) == {200: 32}
    assert sorted(response.json()["version"] for response in responses) == list(range(2, 34))
    after = await shop.get(path)
    assert (after["version"], after["stock_quantity"]) == (33, 84)


async def test_every_view_is_counted(clients: ConcurrentClients) -> None:
    post = await clients.shop.new_post(await clients.shop.user())
    responses = await clients.run(32, lambda client, _: client.post(f"/posts/{post['id']}/view"))
    assert count_outcomes(responses) == {200: 32}
    assert sorted(response.json()["view_count"] for response in responses) == list(range(1, 33))


async def test_response_is_visible_to_all_clients(clients: ConcurrentClients) -> None:
    async def write_and_read(client: Client, number: int) -> Response:
        other = clients.all[(number + 1) % len(clients.all)]
        created = (await client.post("/products", json=drafts[number])).json()
        seen = await other.get(f"/products/{created['id']}")
        assert seen.json() == created
        changed = (await other.patch(f"/products/{created['id']}", json={"price": "1.00"})).json()
        response = await client.get(f"/products/by-sku/{created['sku']}")
        assert response.json() == changed
        return response

    drafts = [clients.shop.draft() for _ in range(40)]
    assert count_outcomes(await clients.run(40, write_and_read, concurrency=8)) == {200: 40}

"""Every way to write. What is added is taken out again when an endpoint has been measured."""

from collections.abc import Iterator

from benchmarks.growth import words
from benchmarks.growth.client import Client, Json, Request, post
from benchmarks.growth.endpoint import Endpoint, Kind

LINES = 3
BULK = 1000


def _order(client: Client) -> Json:
    wanted: set[int] = set()
    while len(wanted) < LINES:
        row = client.any("products")
        if client.shop.for_sale(row):
            wanted.add(row)
    items = [{"product_id": row, "quantity": client.dice.randint(1, 2)} for row in wanted]
    return {"user_id": client.any("users"), "items": items, "shipping_address": "1 Main Street, Lisbon"}


def _product(client: Client) -> Json:
    number, place = next(client.numbers), client.dice.randrange(2**18)
    return {
        "name": f"New {words.passage(place, 1)[:-1]} {number}",
        "description": words.passage(place),
        "price": "79.99",
        "stock_quantity": 100,
        "sku": f"NEW-{number}",
        "category_id": client.dice.randint(100, 200),
    }


def _user(client: Client) -> Json:
    number = next(client.numbers)
    return {"username": f"new_{number}", "email": f"new_{number}@example.org", "password": "SecurePass123"}


def _post(client: Client) -> Json:
    place = client.dice.randrange(2**18)
    tags = [words.VOCABULARY[500 + client.any("tags")], words.VOCABULARY[500 + client.any("tags")]]
    title = f"{words.passage(place, 4)[:-1]} {next(client.numbers)}"
    author = client.any("users")
    return {"title": title, "content": words.passage(place, 60), "author_id": author, "tags": list(set(tags))}


async def _placed(client: Client) -> Json:
    return await client.ask(post("/orders", _order(client)))


async def _place(client: Client) -> Request:
    return post("/orders", _order(client))


async def _place_and_notify(client: Client) -> Request:
    return post("/orders/with-notifications", _order(client))


async def _pay(client: Client) -> Request:
    order = await _placed(client)
    return post(f"/orders/{order['id']}/payments", {"amount": order["total_amount"], "method": "card"})


async def _confirm(client: Client) -> Request:
    return Request("PATCH", f"/orders/{(await _placed(client))['id']}/status?new_status=confirmed")


async def _cancel(client: Client) -> Request:
    return Request("PATCH", f"/orders/{(await _placed(client))['id']}/status?new_status=cancelled")


async def _create_product(client: Client) -> Request:
    return post("/products", _product(client))


async def _create_products(client: Client) -> Request:
    return post("/products/bulk", [_product(client) for _ in range(BULK)])


async def _reprice(client: Client) -> Request:
    return Request("PATCH", f"/products/{client.any('products')}", {"price": f"{client.dice.randint(1, 99)}.50"})


async def _describe(client: Client) -> Request:
    place = client.dice.randrange(2**18)
    return Request("PATCH", f"/products/{client.any('products')}", {"description": words.passage(place)})


async def _stock(client: Client) -> Request:
    return post(f"/products/{client.any('products')}/stock", {"quantity_change": 1}, 200)


async def _delete_product(client: Client) -> Request:
    made = await client.ask(post("/products", _product(client)))
    return Request("DELETE", f"/products/{made['id']}", status=204)


async def _create_category(client: Client) -> Request:
    return post("/categories", {"name": f"New {next(client.numbers)}"})


async def _delete_category(client: Client) -> Request:
    made = await client.ask(await _create_category(client))
    return Request("DELETE", f"/categories/{made['id']}", status=204)


async def _create_user(client: Client) -> Request:
    return post("/users", _user(client))


async def _patch_user(client: Client) -> Request:
    return Request("PATCH", f"/users/{client.any('users')}", {"bio": f"Number {next(client.numbers)}"})


async def _deactivate_user(client: Client) -> Request:
    made = await client.ask(await _create_user(client))
    return Request("DELETE", f"/users/{made['id']}/soft")


async def _deactivate_stale(_: Client) -> Request:
    return Request("PATCH", "/users/bulk/deactivate?days=36500")


async def _delete_user(client: Client) -> Request:
    made = await client.ask(await _create_user(client))
    await client.ask(post("/orders", _order(client) | {"user_id": made["id"]}))
    return Request("DELETE", f"/users/{made['id']}", status=204)


async def _create_post(client: Client) -> Request:
    return post("/posts", _post(client))


async def _patch_post(client: Client) -> Request:
    place = client.dice.randrange(2**18)
    return Request("PATCH", f"/posts/{client.any('posts')}", {"content": words.passage(place, 60)})


async def _view_post(client: Client) -> Request:
    return post(f"/posts/{client.any('posts')}/view", status=200)


async def _delete_post(client: Client) -> Request:
    made = await client.ask(await _create_post(client))
    return Request("DELETE", f"/posts/{made['id']}", status=204)


async def _create_tag(client: Client) -> Request:
    return post("/tags", {"name": f"new {next(client.numbers)}"})


async def _open_account(client: Client) -> Request:
    return post("/accounts", {"user_id": client.any("users"), "balance": "10.00"})


async def _deposit(client: Client) -> Request:
    return post(f"/accounts/{client.any('accounts')}/deposit", {"amount": "1.00"}, 200)


async def _transfer(client: Client) -> Request:
    giver, taker = client.dice.sample(range(1, client.shop.last["accounts"] + 1), 2)
    return post("/accounts/transfers", {"from_account_id": giver, "to_account_id": taker, "amount": "0.01"})


async def _read_notification(client: Client) -> Request:
    return post(f"/notifications/{client.dice.randint(1, client.shop.size // 2)}/read", status=200)


def _writes() -> Iterator[Endpoint]:
    yield Endpoint(f"order of {LINES} lines", Kind.PLACE, _place)
    yield Endpoint(f"order of {LINES} lines, with a notification", Kind.PLACE, _place_and_notify)
    for name, make in {
        "order: payment": _pay,
        "order: confirmation": _confirm,
        "order: cancellation": _cancel,
        "product: creation": _create_product,
        f"product: {BULK} at once": _create_products,
        "product: another price": _reprice,
        "product: another description": _describe,
        "product: stock": _stock,
        "product: deletion": _delete_product,
        "category: creation": _create_category,
        "category: deletion of an empty one": _delete_category,
        "user: creation": _create_user,
        "user: change": _patch_user,
        "user: deactivation": _deactivate_user,
        "user: deactivation of the stale, none": _deactivate_stale,
        "user: deletion, with an order": _delete_user,
        "post: creation, two tags": _create_post,
        "post: other content": _patch_post,
        "post: view": _view_post,
        "post: deletion": _delete_post,
        "tag: creation": _create_tag,
        "account: opening": _open_account,
        "account: deposit": _deposit,
        "account: transfer": _transfer,
        "notification: reading": _read_notification,
    }.items():
        yield Endpoint(name, Kind.WRITE, make)


WRITES: list[Endpoint] = list(_writes())

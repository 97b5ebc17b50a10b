"""Every writing request. Added rows are deleted when an endpoint has been measured."""

from collections.abc import Iterator

from benchmarks.growth import words
from benchmarks.growth.client import Client, Json, Request, post
from benchmarks.growth.endpoint import Endpoint, EndpointKind

LINES = 3
BULK = 1000


def _order_body(client: Client) -> Json:
    rows: set[int] = set()
    while len(rows) < LINES:
        row = client.random_id("products")
        if client.shop.for_sale(row):
            rows.add(row)
    items = [{"product_id": row, "quantity": client.random.randint(1, 2)} for row in rows]
    return {"user_id": client.random_id("users"), "items": items, "shipping_address": "1 Main Street, Lisbon"}


def _product_body(client: Client) -> Json:
    number, position = next(client.numbers), client.random.randrange(2**18)
    return {
        "name": f"New {words.make_sentence(position, 1)[:-1]} {number}",
        "description": words.make_sentence(position),
        "price": "79.99",
        "stock_quantity": 100,
        "sku": f"NEW-{number}",
        "category_id": client.random.randint(100, 200),
    }


def _user_body(client: Client) -> Json:
    number = next(client.numbers)
    return {"username": f"new_{number}", "email": f"new_{number}@example.org", "password": "SecurePass123"}


def _post_body(client: Client) -> Json:
    position = client.random.randrange(2**18)
    tags = [words.VOCABULARY[500 + client.random_id("tags")], words.VOCABULARY[500 + client.random_id("tags")]]
    title = f"{words.make_sentence(position, 4)[:-1]} {next(client.numbers)}"
    author = client.random_id("users")
    return {"title": title, "content": words.make_sentence(position, 60), "author_id": author, "tags": list(set(tags))}


async def _place_and_get(client: Client) -> Json:
    return await client.request(post("/orders", _order_body(client)))


async def _place(client: Client) -> Request:
    return post("/orders", _order_body(client))


async def _place_and_notify(client: Client) -> Request:
    return post("/orders/with-notifications", _order_body(client))


async def _pay(client: Client) -> Request:
    order = await _place_and_get(client)
    return post(f"/orders/{order['id']}/payments", {"amount": order["total_amount"], "method": "card"})


async def _confirm(client: Client) -> Request:
    return Request("PATCH", f"/orders/{(await _place_and_get(client))['id']}/status?new_status=confirmed")


async def _cancel(client: Client) -> Request:
    return Request("PATCH", f"/orders/{(await _place_and_get(client))['id']}/status?new_status=cancelled")


async def _create_product(client: Client) -> Request:
    return post("/products", _product_body(client))


async def _create_products(client: Client) -> Request:
    return post("/products/bulk", [_product_body(client) for _ in range(BULK)])


async def _reprice(client: Client) -> Request:
    return Request(
        "PATCH", f"/products/{client.random_id('products')}", {"price": f"{client.random.randint(1, 99)}.50"}
    )


async def _describe(client: Client) -> Request:
    position = client.random.randrange(2**18)
    return Request("PATCH", f"/products/{client.random_id('products')}", {"description": words.make_sentence(position)})


async def _stock(client: Client) -> Request:
    return post(f"/products/{client.random_id('products')}/stock", {"quantity_change": 1}, 200)


async def _delete_product(client: Client) -> Request:
    created = await client.request(post("/products", _product_body(client)))
    return Request("DELETE", f"/products/{created['id']}", status=204)


async def _create_category(client: Client) -> Request:
    return post("/categories", {"name": f"New {next(client.numbers)}"})


async def _delete_category(client: Client) -> Request:
    created = await client.request(await _create_category(client))
    return Request("DELETE", f"/categories/{created['id']}", status=204)


async def _create_user(client: Client) -> Request:
    return post("/users", _user_body(client))


async def _patch_user(client: Client) -> Request:
    return Request("PATCH", f"/users/{client.random_id('users')}", {"bio": f"Number {next(client.numbers)}"})


async def _deactivate_user(client: Client) -> Request:
    created = await client.request(await _create_user(client))
    return Request("DELETE", f"/users/{created['id']}/soft")


async def _deactivate_stale(_: Client) -> Request:
    return Request("PATCH", "/users/bulk/deactivate?days=36500")


async def _delete_user(client: Client) -> Request:
    created = await client.request(await _create_user(client))
    await client.request(post("/orders", _order_body(client) | {"user_id": created["id"]}))
    return Request("DELETE", f"/users/{created['id']}", status=204)


async def _create_post(client: Client) -> Request:
    return post("/posts", _post_body(client))


async def _patch_post(client: Client) -> Request:
    position = client.random.randrange(2**18)
    return Request("PATCH", f"/posts/{client.random_id('posts')}", {"content": words.make_sentence(position, 60)})


async def _view_post(client: Client) -> Request:
    return post(f"/posts/{client.random_id('posts')}/view", status=200)


async def _delete_post(client: Client) -> Request:
    created = await client.request(await _create_post(client))
    return Request("DELETE", f"/posts/{created['id']}", status=204)


async def _create_tag(client: Client) -> Request:
    return post("/tags", {"name": f"new {next(client.numbers)}"})


async def _open_account(client: Client) -> Request:
    return post("/accounts", {"user_id": client.random_id("users"), "balance": "10.00"})


async def _deposit(client: Client) -> Request:
    return post(f"/accounts/{client.random_id('accounts')}/deposit", {"amount": "1.00"}, 200)


async def _transfer(client: Client) -> Request:
    sender, recipient = client.random.sample(range(1, client.shop.last["accounts"] + 1), 2)
    return post("/accounts/transfers", {"from_account_id": sender, "to_account_id": recipient, "amount": "0.01"})


async def _read_notification(client: Client) -> Request:
    return post(f"/notifications/{client.random.randint(1, client.shop.size // 2)}/read", status=200)


def _writes() -> Iterator[Endpoint]:
    yield Endpoint(f"order of {LINES} lines", EndpointKind.PLACE, _place)
    yield Endpoint(f"order of {LINES} lines, with a notification", EndpointKind.PLACE, _place_and_notify)
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
        yield Endpoint(name, EndpointKind.WRITE, make)


WRITES: list[Endpoint] = list(_writes())

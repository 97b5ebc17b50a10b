"""A sample request for every permission: it succeeds for every client that has the permission.

It is about an entity that belongs to an owner, wherever an entity can.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.protected_shop import log_in_form
from conformance.shop import PASSWORD, Json, Shop


@dataclass(frozen=True, slots=True)
class OwnedEntities:
    """The entities of an owner, each created by a superuser when it is needed."""

    superuser: Shop
    owner: Json

    async def order(self) -> Json:
        """A new pending order over 79.99."""
        return await self.superuser.order(self.owner, await self.superuser.product(), notify=True)

    async def account(self, balance: str = "0.00") -> Json:
        """A new account."""
        return await self.superuser.account(self.owner, balance)

    async def payment(self) -> Json:
        """A new payment of 79.99."""
        order = await self.order()
        return await self.superuser.create(f"/orders/{order['id']}/payments", {"amount": "79.99", "method": "card"})

    async def post(self, status: str = "published", **fields: Any) -> Json:
        """A new post of the owner."""
        return await self.superuser.new_post(self.owner, status=status, **fields)

    async def notification(self) -> Json:
        """A new unread notification."""
        await self.order()
        path = f"/users/{self.owner['id']}/notifications?page_size=1"
        notification: Json = (await self.superuser.get(path))["items"][0]
        return notification

    async def user(self) -> Json:
        """The owner."""
        return self.owner


FACTORIES: Mapping[str, Callable[[OwnedEntities], Awaitable[Json]]] = {
    "users": OwnedEntities.user,
    "orders": OwnedEntities.order,
    "payments": OwnedEntities.payment,
    "accounts": OwnedEntities.account,
    "posts": OwnedEntities.post,
    "notifications": OwnedEntities.notification,
    "categories": lambda b: b.superuser.category(),
    "products": lambda b: b.superuser.product(),
    "tags": lambda b: b.superuser.tag(),
}
"""The factory of the entity whose id is ``{id}``, by the first segment of the path."""

PATHS = {
    "GET /docs/assets": "/docs/assets/swagger-ui.css",
    "GET /users/search": "/users/search?q=user",
    "PATCH /users/bulk/deactivate": "/users/bulk/deactivate?days=36500",
    "PATCH /orders/{id}/status": "/orders/{id}/status?new_status=cancelled",
    "GET /orders": "/orders?user_id={user_id}",
    "GET /accounts": "/accounts?user_id={user_id}",
}
"""The URLs that are more than the template."""

Body = Callable[[OwnedEntities], Awaitable[Any]]


def _constant(body: Any) -> Body:
    async def make(_owned: OwnedEntities) -> Any:
        return body

    return make


def _from_shop(make: Callable[[Shop], Any]) -> Body:
    async def body(owned: OwnedEntities) -> Any:
        return make(owned.superuser)

    return body


async def _order(owned: OwnedEntities) -> Json:
    product = await owned.superuser.product()
    return {"user_id": owned.owner["id"], "items": [{"product_id": product["id"], "quantity": 1}]}


async def _transfer(owned: OwnedEntities) -> Json:
    target = await owned.superuser.account(await owned.superuser.user())
    account = await owned.account("10.00")
    return {"from_account_id": account["id"], "to_account_id": target["id"], "amount": "1.00"}


async def _account(owned: OwnedEntities) -> Json:
    return {"user_id": owned.owner["id"]}


async def _post(owned: OwnedEntities) -> Json:
    return {"title": "News", "content": "Text.", "author_id": owned.owner["id"]}


_REGISTRATION = _from_shop(Shop.registration)
_PRODUCT = _from_shop(Shop.draft)
_NAME = _from_shop(lambda superuser: {"name": superuser.registration()["username"]})

BODIES: Mapping[str, Body] = {
    "PUT /auth/password": _constant({"current_password": PASSWORD, "new_password": f"{PASSWORD}4"}),
    "POST /users": _REGISTRATION,
    "POST /users/bulk": _from_shop(lambda superuser: [superuser.registration()]),
    "PUT /users/{id}": _REGISTRATION,
    "PATCH /users/{id}": _constant({"bio": "Reads."}),
    "POST /categories": _NAME,
    "PUT /categories/{id}": _NAME,
    "PATCH /categories/{id}": _constant({"description": "Things."}),
    "POST /products": _PRODUCT,
    "POST /products/bulk": _from_shop(lambda superuser: [superuser.draft()]),
    "PUT /products/{id}": _PRODUCT,
    "PATCH /products/{id}": _constant({"price": 1}),
    "POST /products/{id}/stock": _constant({"quantity_change": 1}),
    "POST /orders": _order,
    "POST /orders/with-notifications": _order,
    "PATCH /orders/{id}": _constant({"shipping_address": "2 Main St"}),
    "POST /orders/{id}/payments": _constant({"amount": "79.99", "method": "card"}),
    "POST /payments/{id}/refunds": _constant({"amount": "1.00"}),
    "POST /posts": _post,
    "PUT /posts/{id}": _post,
    "PATCH /posts/{id}": _constant({"title": "Old news", "tags": ["changed"]}),
    "POST /tags": _NAME,
    "PUT /tags/{id}": _NAME,
    "PATCH /tags/{id}": _NAME,
    "POST /accounts": _account,
    "POST /accounts/transfers": _transfer,
    "POST /accounts/{id}/deposit": _constant({"amount": "1.00"}),
}


async def sample_request(name: str, owned: OwnedEntities) -> tuple[str, str, Json]:
    """Method, URL and body, as arguments of a client, of the request named ``name``."""
    method, _, template = name.partition(" ")
    url = await _fill_url(PATHS.get(name, template), owned)
    if name == "POST /auth/token":
        return method, url, {"data": log_in_form(owned.owner)}
    body = BODIES.get(name)
    return method, url, {} if body is None else {"json": await body(owned)}


async def _fill_url(template: str, owned: OwnedEntities) -> str:
    values = {"user_id": owned.owner["id"], "email": owned.owner["email"], "username": owned.owner["username"]}
    if re.search(r"\{(sku|slug)\}", template):
        values |= await owned.superuser.product()
    elif "{id}" in template:
        values["id"] = (await FACTORIES[template.split("/")[1]](owned))["id"]
    return template.format(**values)

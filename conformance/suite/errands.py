"""A request for every row of the table of access: one that succeeds for whoever may send it.

It is about something that belongs to an owner, wherever something can.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.house import credentials
from conformance.shop import PASSWORD, Json, Shop


@dataclass(frozen=True, slots=True)
class Belongings:
    """What an owner has, made by a superuser the moment that it is needed."""

    staff: Shop
    owner: Json

    async def order(self) -> Json:
        """A pending order over 79.99."""
        return await self.staff.order(self.owner, await self.staff.product(), notify=True)

    async def account(self) -> Json:
        """An account with some money."""
        return await self.staff.account(self.owner, "10.00")

    async def post(self, status: str = "published", **fields: Any) -> Json:
        """A post that the owner has written."""
        return await self.staff.article(self.owner, status=status, **fields)

    async def notification(self) -> Json:
        """An unread notification."""
        await self.order()
        path = f"/users/{self.owner['id']}/notifications?page_size=1"
        notification: Json = (await self.staff.get(path))["items"][0]
        return notification

    async def user(self) -> Json:
        """The owner."""
        return self.owner


MAKERS: Mapping[str, Callable[[Belongings], Awaitable[Json]]] = {
    "users": Belongings.user,
    "orders": Belongings.order,
    "accounts": Belongings.account,
    "posts": Belongings.post,
    "notifications": Belongings.notification,
    "categories": lambda b: b.staff.category(),
    "products": lambda b: b.staff.product(),
    "tags": lambda b: b.staff.tag(),
}
"""What the ``{id}`` of a path is the id of, by the first segment."""

PATHS = {
    "GET /docs/assets": "/docs/assets/swagger-ui.css",
    "GET /users/search": "/users/search?q=user",
    "PATCH /users/bulk/deactivate": "/users/bulk/deactivate?days=36500",
    "PATCH /orders/{id}/status": "/orders/{id}/status?new_status=cancelled",
    "GET /orders": "/orders?user_id={user_id}",
}
"""Where it takes more than the template."""

Body = Callable[[Belongings], Awaitable[Any]]


def _same(body: Any) -> Body:
    async def make(_belongings: Belongings) -> Any:
        return body

    return make


def _by_staff(make: Callable[[Shop], Any]) -> Body:
    async def body(belongings: Belongings) -> Any:
        return make(belongings.staff)

    return body


async def _order(belongings: Belongings) -> Json:
    product = await belongings.staff.product()
    return {"user_id": belongings.owner["id"], "items": [{"product_id": product["id"], "quantity": 1}]}


async def _transfer(belongings: Belongings) -> Json:
    target = await belongings.staff.account(await belongings.staff.user())
    account = await belongings.account()
    return {"from_account_id": account["id"], "to_account_id": target["id"], "amount": "1.00"}


async def _own_account(belongings: Belongings) -> Json:
    return {"user_id": belongings.owner["id"]}


async def _post(belongings: Belongings) -> Json:
    return {"title": "News", "content": "Text.", "author_id": belongings.owner["id"]}


_REGISTRATION = _by_staff(Shop.registration)
_DRAFT = _by_staff(Shop.draft)
_NAME = _by_staff(lambda staff: {"name": staff.registration()["username"]})

BODIES: Mapping[str, Body] = {
    "PUT /auth/password": _same({"current_password": PASSWORD, "new_password": f"{PASSWORD}4"}),
    "POST /users": _REGISTRATION,
    "POST /users/bulk": _by_staff(lambda staff: [staff.registration()]),
    "PUT /users/{id}": _REGISTRATION,
    "PATCH /users/{id}": _same({"bio": "Reads."}),
    "POST /categories": _NAME,
    "PUT /categories/{id}": _NAME,
    "PATCH /categories/{id}": _same({"description": "Things."}),
    "POST /products": _DRAFT,
    "POST /products/bulk": _by_staff(lambda staff: [staff.draft()]),
    "PUT /products/{id}": _DRAFT,
    "PATCH /products/{id}": _same({"price": 1}),
    "POST /products/{id}/stock": _same({"quantity_change": 1}),
    "POST /orders": _order,
    "POST /orders/with-notifications": _order,
    "POST /orders/{id}/payments": _same({"amount": "79.99", "method": "card"}),
    "POST /posts": _post,
    "PUT /posts/{id}": _post,
    "PATCH /posts/{id}": _same({"title": "Old news"}),
    "POST /tags": _NAME,
    "PUT /tags/{id}": _NAME,
    "PATCH /tags/{id}": _NAME,
    "POST /accounts": _own_account,
    "POST /accounts/transfers": _transfer,
    "POST /accounts/{id}/deposit": _same({"amount": "1.00"}),
}


async def errand(name: str, belongings: Belongings) -> tuple[str, str, Json]:
    """Method, URL and body, as arguments of a client, of a request that the table calls ``name``."""
    method, _, template = name.partition(" ")
    url = await _filled(PATHS.get(name, template), belongings)
    if name == "POST /auth/token":
        return method, url, {"data": credentials(belongings.owner)}
    body = BODIES.get(name)
    return method, url, {} if body is None else {"json": await body(belongings)}


async def _filled(template: str, belongings: Belongings) -> str:
    values = {"user_id": belongings.owner["id"], "email": belongings.owner["email"]}
    if re.search(r"\{(sku|slug)\}", template):
        values |= await belongings.staff.product()
    elif "{id}" in template:
        values["id"] = (await MAKERS[template.split("/")[1]](belongings))["id"]
    return template.format(**values)

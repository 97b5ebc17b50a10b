"""Creating and reading data through the API, for tests."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx2

from api.routers import PERMISSIONS

Json = dict[str, Any]

PASSWORD = "SecurePass123"
LISTS = tuple(
    path
    for method, _, path in (name.partition(" /") for name in PERMISSIONS)
    if method == "GET" and f"POST /{path}" in PERMISSIONS and "{" not in path
)
LISTS += ("payments",)
"""The entities that have a list of their own."""


class Shop:
    """Creates entities that differ in every unique field, and returns them as the API does.

    Two shops on one database must share their ``numbers``.
    """

    def __init__(self, client: httpx2.AsyncClient, numbers: Iterator[int] | None = None) -> None:
        self.client = client
        self._numbers = numbers or count(1)

    async def post(self, path: str, body: Any) -> Any:
        """The JSON of a POST that must return 201."""
        response = await self.client.post(path, json=body)
        assert response.status_code == 201, f"POST {path}: {response.status_code} {response.text}"
        return response.json()

    async def create(self, path: str, body: Any) -> Json:
        """The entity that a POST creates."""
        made: Json = await self.post(path, body)
        return made

    async def get(self, path: str) -> Any:
        """The JSON of a GET that must return 200."""
        response = await self.client.get(path)
        assert response.status_code == 200, f"GET {path}: {response.status_code} {response.text}"
        return response.json()

    async def user(self, **fields: Any) -> Json:
        """A new user."""
        return await self.create("/users", self.registration() | fields)

    def registration(self) -> Json:
        """The body of a registration."""
        number = next(self._numbers)
        return {"username": f"user_{number}", "email": f"user_{number}@example.com", "password": PASSWORD}

    async def category(self, **fields: Any) -> Json:
        """A new category."""
        return await self.create("/categories", {"name": f"Category {next(self._numbers)}"} | fields)

    async def product(self, **fields: Any) -> Json:
        """A new product with a hundred pieces in stock."""
        return await self.create("/products", self.draft() | fields)

    def draft(self) -> Json:
        """The body of a new product."""
        number = next(self._numbers)
        return {"name": f"Product {number}", "sku": f"SKU-{number}", "price": "79.99", "stock_quantity": 100}

    async def new_post(self, author: Json, **fields: Any) -> Json:
        """A new post."""
        title = f"Post {next(self._numbers)}"
        return await self.create("/posts", {"title": title, "content": "Text.", "author_id": author["id"]} | fields)

    async def tag(self, **fields: Any) -> Json:
        """A new tag."""
        return await self.create("/tags", {"name": f"Tag {next(self._numbers)}"} | fields)

    async def order(self, user: Json, *products: Json, quantity: int = 1, notify: bool = False) -> Json:
        """A new order of ``quantity`` pieces of each product."""
        items = [{"product_id": product["id"], "quantity": quantity} for product in products]
        path = "/orders/with-notifications" if notify else "/orders"
        return await self.create(path, {"user_id": user["id"], "items": items})

    async def paid_order(self, user: Json, balance: str = "79.99") -> tuple[Json, Json, Json]:
        """A new order over 79.99, the account that paid it, which had ``balance`` before, and the payment."""
        order, account = await self.order(user, await self.product()), await self.account(user, balance)
        body = {"amount": "79.99", "method": "account", "account_id": account["id"]}
        return order, account, await self.create(f"/orders/{order['id']}/payments", body)

    async def account(self, user: Json, balance: str = "0.00") -> Json:
        """A new account."""
        return await self.create("/accounts", {"user_id": user["id"], "balance": balance})

    async def contents(self) -> Json:
        """All data that can be read: every list, up to a hundred rows, and what is only below other entities."""
        found = {name: (await self.get(f"/{name}?sort=id&page_size=100"))["items"] for name in LISTS}
        for order in found["orders"]:
            order["items"] = (await self.get(f"/orders/{order['id']}"))["items"]
        for user in found["users"]:
            user["notifications"] = (await self.get(f"/users/{user['id']}/notifications?sort=id"))["items"]
        for account in found["accounts"]:
            path = f"/accounts/{account['id']}/transfers?sort=id"
            account["transfers"] = (await self.get(path))["items"]
        return found


async def populate(shop: Shop) -> None:
    """Create one or two of every entity, the first with the id 1, so that any body can refer to them."""
    users = [await shop.user(), await shop.user()]
    categories = [await shop.category(), await shop.category()]
    products = [
        await shop.product(category_id=category["id"], price="0.01", stock_quantity=2_147_483_647)
        for category in categories
    ]
    await shop.new_post(users[0], tags=["news"])
    await shop.tag()
    await shop.order(users[0], *products, notify=True)
    paid = await shop.order(users[0], products[0])
    await shop.post(f"/orders/{paid['id']}/payments", {"amount": paid["total_amount"], "method": "card"})
    accounts = [await shop.account(user, "99999999.99") for user in users]
    await shop.post(
        "/accounts/transfers",
        {"from_account_id": accounts[0]["id"], "to_account_id": accounts[1]["id"], "amount": "1.00"},
    )

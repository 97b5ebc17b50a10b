"""A workload that runs while database servers fail, and the audit of its results."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import cycle

import httpx2

from conformance.concurrent_clients import ConcurrentClients
from conformance.problem import error_of
from conformance.shop import Json, Shop

UNAVAILABLE = 503
STOCKS = (100_000, 10)
BALANCE = Decimal(50)
EXPECTED_ERRORS = {
    "orders": {(400, "insufficient-stock")},
    "transfers": {(400, "insufficient-funds")},
    "products": {(400, "unknown-reference")},
    "categories": set[tuple[int, str]](),
    "deletions": set[tuple[int, str]](),
}


class Workload:
    """Orders for one product, transfers between a few accounts, and deletions of categories that get new products.

    Attributes:
        acknowledged: ids that a request created (orders, transfers, products, categories) or deleted (deletions), by
            kind, where it was answered with success.
        unavailable: number of answers 503.
        doubtful: ids of the categories whose deletion was answered 503, and may have happened.
        longest: the longest time for an answer, in seconds.
    """

    def __init__(self, clients: ConcurrentClients, user: Json, products: dict[int, int], accounts: list[Json]) -> None:
        self.acknowledged: dict[str, list[int]] = {kind: [] for kind in EXPECTED_ERRORS}
        self.unavailable = 0
        self.doubtful: set[int] = set()
        self.longest = 0.0
        self._shop = clients.shop
        self._user, self._stocks, self._accounts = user, products, accounts
        self._plentiful, self._scarce = products
        self._clients = cycle(clients.all)
        self._random = random.Random(3)

    @classmethod
    async def create(cls, clients: ConcurrentClients) -> "Workload":
        """Store the users, products and accounts that it needs."""
        user, owner = await clients.shop.user(), await clients.shop.user()
        stocks = {(await clients.shop.product(stock_quantity=stock))["id"]: stock for stock in STOCKS}
        return cls(clients, user, stocks, [await clients.shop.account(owner, str(BALANCE)) for _ in range(6)])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run ten clients until the context is left; an unexpected answer to one of them ends the test."""
        stopped = asyncio.Event()

        async def repeat(operation: Callable[[], Awaitable[None]]) -> None:
            while not stopped.is_set():
                await operation()

        async with asyncio.TaskGroup() as group:
            for operation in (
                4 * [lambda: self._order(self._plentiful)] + 4 * [self._transfer] + 2 * [self._delete_under_creation]
            ):
                group.create_task(repeat(operation))
            try:
                yield
            finally:
                stopped.set()

    async def wait_for(self, seconds: float, **wanted: int) -> None:
        """Return once so many more of each kind have been acknowledged."""
        goal = Counter({kind: len(self.acknowledged[kind]) for kind in wanted}) + Counter(wanted)
        async with asyncio.timeout(seconds):
            while any(len(self.acknowledged[kind]) < goal[kind] for kind in goal):  # noqa: ASYNC110 - no one event
                await asyncio.sleep(0.05)

    async def _record(self, kind: str, answer: httpx2.Response, key: int | None = None) -> None:
        """Record what was acknowledged; an answer must be that, an expected error, or a 503 with Retry-After."""
        self.longest = max(self.longest, answer.elapsed.total_seconds())
        if answer.is_success:
            self.acknowledged[kind].append(key or int(answer.json()["id"]))
        elif answer.status_code == UNAVAILABLE:
            assert_unavailable(answer)
            self.unavailable += 1
            await asyncio.sleep(0.2)
        else:
            assert error_of(answer) in EXPECTED_ERRORS[kind], answer.text

    async def order_last_pieces(self) -> None:
        """Send 64 orders at once for a product with ten pieces."""
        await asyncio.gather(*(self._order(self._scarce) for _ in range(64)))

    async def _order(self, product: int) -> None:
        body = {"user_id": self._user["id"], "items": [{"product_id": product, "quantity": 1}]}
        await self._record("orders", await next(self._clients).post("/orders", json=body))

    async def _transfer(self) -> None:
        source, target = self._random.sample(self._accounts, 2)
        amount = f"{self._random.randint(1, 2000) / 100:.2f}"
        body = {"from_account_id": source["id"], "to_account_id": target["id"], "amount": amount}
        await self._record("transfers", await next(self._clients).post("/accounts/transfers", json=body))

    async def _delete_under_creation(self) -> None:
        draft = self._shop.draft()
        created = await next(self._clients).post("/categories", json={"name": draft["name"]})
        await self._record("categories", created)
        if created.is_success:
            key = int(created.json()["id"])
            await asyncio.gather(self._add_product(key), self._add_product(key), self._delete(key))

    async def _add_product(self, category: int) -> None:
        draft = self._shop.draft() | {"category_id": category}
        await self._record("products", await next(self._clients).post("/products", json=draft))

    async def _delete(self, category: int) -> None:
        answer = await next(self._clients).delete(f"/categories/{category}")
        if answer.status_code == UNAVAILABLE:
            self.doubtful.add(category)
        await self._record("deletions", answer, category)

    async def audit(self, shop: Shop) -> None:
        """Nothing acknowledged is lost, nothing was done twice, and every sum is right."""
        for kind, keys in self.acknowledged.items():
            assert len(keys) == len(set(keys)), kind
        await self._audit_orders(shop)
        await self._audit_transfers(shop)
        await self._audit_catalogue(shop)

    async def _audit_orders(self, shop: Shop) -> None:
        orders = await fetch_all(shop, f"/orders?user_id={self._user['id']}")
        assert set(self.acknowledged["orders"]) <= set(orders)
        left = [(await shop.get(f"/products/{product}"))["stock_quantity"] for product in self._stocks]
        assert min(left) >= 0
        assert sum(left) + len(orders) == sum(STOCKS)

    async def _audit_transfers(self, shop: Shop) -> None:
        transfers: dict[int, Json] = {}
        balances = {account["id"]: BALANCE for account in self._accounts}
        for key in balances:
            transfers |= await fetch_all(shop, f"/accounts/{key}/transfers?")
        for transfer in transfers.values():
            balances[transfer["from_account_id"]] -= Decimal(transfer["amount"])
            balances[transfer["to_account_id"]] += Decimal(transfer["amount"])
        assert set(self.acknowledged["transfers"]) <= set(transfers)
        assert {key: Decimal((await shop.get(f"/accounts/{key}"))["balance"]) for key in balances} == balances
        assert min(balances.values()) >= 0

    async def _audit_catalogue(self, shop: Shop) -> None:
        products, categories = await fetch_all(shop, "/products?"), await fetch_all(shop, "/categories?")
        deleted = set(self.acknowledged["deletions"])
        assert set(self.acknowledged["products"]) <= set(products)
        assert set(self.acknowledged["categories"]) - deleted - self.doubtful <= set(categories)
        assert not deleted & set(categories)
        assert {product["category_id"] for product in products.values()} <= {None, *categories}


def assert_unavailable(answer: httpx2.Response) -> None:
    """The answer is a 503 with Retry-After."""
    assert error_of(answer)[0] == UNAVAILABLE
    assert int(answer.headers["Retry-After"]) >= 1


async def fetch_all(shop: Shop, path: str) -> dict[int, Json]:
    """All entities of a list, by id."""
    rows: dict[int, Json] = {}
    cursor: str | None = ""
    while cursor is not None:
        page = await shop.get(f"{path}&page_size=100&cursor={cursor}")
        rows |= {row["id"]: row for row in page["items"]}
        cursor = page["next_cursor"]
    return rows

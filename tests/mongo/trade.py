"""Business that goes on whatever happens to the database, and the books against which its outcome is audited."""

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
REFUSALS = {
    "orders": {(400, "insufficient-stock")},
    "transfers": {(400, "insufficient-funds")},
    "products": {(400, "unknown-reference")},
    "categories": set[tuple[int, str]](),
    "deletions": set[tuple[int, str]](),
}


class Trade:
    """Orders for one product, transfers between a few accounts, and categories deleted under their new products.

    Attributes:
        acknowledged: what the shop said it had done: ids of orders, transfers, products, categories; ids of the
            categories it said it had deleted.
        unavailable: how often it asked to come back later.
        doubtful: ids of the categories it said that of when it was to delete them; it may have done so.
        longest: seconds that it took for an answer at most.
    """

    def __init__(self, crowd: ConcurrentClients, user: Json, products: dict[int, int], accounts: list[Json]) -> None:
        self.acknowledged: dict[str, list[int]] = {kind: [] for kind in REFUSALS}
        self.unavailable = 0
        self.doubtful: set[int] = set()
        self.longest = 0.0
        self._crowd = crowd
        self._user, self._stocks, self._accounts = user, products, accounts
        self._plenty, self._rare = products
        self._clients = cycle(crowd.all)
        self._chance = random.Random(3)

    @classmethod
    async def of(cls, crowd: ConcurrentClients) -> "Trade":
        """Set up what is traded with."""
        user, owner = await crowd.shop.user(), await crowd.shop.user()
        stocks = {(await crowd.shop.product(stock_quantity=stock))["id"]: stock for stock in STOCKS}
        return cls(crowd, user, stocks, [await crowd.shop.account(owner, str(BALANCE)) for _ in range(6)])

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Ten clients at it, until the context is left; what one of them minds ends the test."""
        over = asyncio.Event()

        async def keep_at(deal: Callable[[], Awaitable[None]]) -> None:
            while not over.is_set():
                await deal()

        async with asyncio.TaskGroup() as clients:
            for deal in (
                4 * [lambda: self._order(self._plenty)] + 4 * [self._transfer] + 2 * [self._delete_under_creation]
            ):
                clients.create_task(keep_at(deal))
            try:
                yield
            finally:
                over.set()

    async def more(self, seconds: float, **wanted: int) -> None:
        """Return once so much more of each kind has been acknowledged."""
        goal = Counter({kind: len(self.acknowledged[kind]) for kind in wanted}) + Counter(wanted)
        async with asyncio.timeout(seconds):
            while any(len(self.acknowledged[kind]) < goal[kind] for kind in goal):  # noqa: ASYNC110 - no one event
                await asyncio.sleep(0.05)

    async def _book(self, kind: str, answer: httpx2.Response, key: int | None = None) -> None:
        """Note what was acknowledged; anything but that, a refusal that may be, or a 503 with Retry-After is wrong."""
        self.longest = max(self.longest, answer.elapsed.total_seconds())
        if answer.is_success:
            self.acknowledged[kind].append(key or int(answer.json()["id"]))
        elif answer.status_code == UNAVAILABLE:
            assert_asks_to_come_back(answer)
            self.unavailable += 1
            await asyncio.sleep(0.2)
        else:
            assert error_of(answer) in REFUSALS[kind], answer.text

    async def rush_for_the_last(self) -> None:
        """64 clients order what there are ten of."""
        await asyncio.gather(*(self._order(self._rare) for _ in range(64)))

    async def _order(self, product: int) -> None:
        body = {"user_id": self._user["id"], "items": [{"product_id": product, "quantity": 1}]}
        await self._book("orders", await next(self._clients).post("/orders", json=body))

    async def _transfer(self) -> None:
        source, target = self._chance.sample(self._accounts, 2)
        amount = f"{self._chance.randint(1, 2000) / 100:.2f}"
        body = {"from_account_id": source["id"], "to_account_id": target["id"], "amount": amount}
        await self._book("transfers", await next(self._clients).post("/accounts/transfers", json=body))

    async def _delete_under_creation(self) -> None:
        draft = self._crowd.shop.draft()
        created = await next(self._clients).post("/categories", json={"name": draft["name"]})
        await self._book("categories", created)
        if created.is_success:
            key = int(created.json()["id"])
            await asyncio.gather(self._product_in(key), self._product_in(key), self._delete(key))

    async def _product_in(self, category: int) -> None:
        draft = self._crowd.shop.draft() | {"category_id": category}
        await self._book("products", await next(self._clients).post("/products", json=draft))

    async def _delete(self, category: int) -> None:
        answer = await next(self._clients).delete(f"/categories/{category}")
        if answer.status_code == UNAVAILABLE:
            self.doubtful.add(category)
        await self._book("deletions", answer, category)

    async def audit(self, shop: Shop) -> None:
        """Nothing acknowledged is lost, nothing was done twice, and every sum is right."""
        for kind, keys in self.acknowledged.items():
            assert len(keys) == len(set(keys)), kind
        await self._audit_orders(shop)
        await self._audit_transfers(shop)
        await self._audit_catalogue(shop)

    async def _audit_orders(self, shop: Shop) -> None:
        orders = await walk(shop, f"/orders?user_id={self._user['id']}")
        assert set(self.acknowledged["orders"]) <= set(orders)
        left = [(await shop.get(f"/products/{product}"))["stock_quantity"] for product in self._stocks]
        assert min(left) >= 0
        assert sum(left) + len(orders) == sum(STOCKS)

    async def _audit_transfers(self, shop: Shop) -> None:
        transfers: dict[int, Json] = {}
        balances = {account["id"]: BALANCE for account in self._accounts}
        for key in balances:
            transfers |= await walk(shop, f"/accounts/{key}/transfers?")
        for transfer in transfers.values():
            balances[transfer["from_account_id"]] -= Decimal(transfer["amount"])
            balances[transfer["to_account_id"]] += Decimal(transfer["amount"])
        assert set(self.acknowledged["transfers"]) <= set(transfers)
        assert {key: Decimal((await shop.get(f"/accounts/{key}"))["balance"]) for key in balances} == balances
        assert min(balances.values()) >= 0

    async def _audit_catalogue(self, shop: Shop) -> None:
        products, categories = await walk(shop, "/products?"), await walk(shop, "/categories?")
        deleted = set(self.acknowledged["deletions"])
        assert set(self.acknowledged["products"]) <= set(products)
        assert set(self.acknowledged["categories"]) - deleted - self.doubtful <= set(categories)
        assert not deleted & set(categories)
        assert {product["category_id"] for product in products.values()} <= {None, *categories}


def assert_asks_to_come_back(answer: httpx2.Response) -> None:
    """A 503 that says when to try again."""
    assert error_of(answer)[0] == UNAVAILABLE
    assert int(answer.headers["Retry-After"]) >= 1


async def walk(shop: Shop, path: str) -> dict[int, Json]:
    """All rows of a list, by id."""
    rows: dict[int, Json] = {}
    cursor: str | None = ""
    while cursor is not None:
        page = await shop.get(f"{path}&page_size=100&cursor={cursor}")
        rows |= {row["id"]: row for row in page["items"]}
        cursor = page["next_cursor"]
    return rows

"""What a store holds while no other client changes it, read through the storage contract."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from core.entities import Notification, Order, OrderStatus, Product, Transfer
from core.storage import OrderFilter, PageRequest, ProductFilter, Storage, UserFilter
from core.storage.pages import Page, SortKind, SortOrder


class _HasId(Protocol):
    @property
    def id(self) -> int: ...


E = TypeVar("E", bound=_HasId)
R = TypeVar("R")

_BY_ID = SortOrder("id", SortKind.INTEGER, descending=False)
_PAGE_SIZE = 100
_MAX_CONCURRENT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSnapshot:
    """Everything that a workload changes, by id.

    Attributes:
        balances: of the requested accounts, in minor units.
        transfers: between those accounts.
        notifications: of the requested users.
        totals: number and sum of the orders of each status, from the storage's own statistics.
    """

    products: dict[int, Product]
    categories: set[int]
    users: set[int]
    orders: dict[int, Order]
    balances: dict[int, int]
    transfers: dict[int, Transfer]
    notifications: dict[int, Notification]
    totals: dict[OrderStatus, tuple[int, int]]

    def sold_pieces(self) -> Counter[int]:
        """Pieces of each product in orders that are not cancelled."""
        pieces: Counter[int] = Counter()
        for order in self.orders.values():
            if order.status is not OrderStatus.CANCELLED:
                for item in order.items:
                    pieces[item.product_id] += item.quantity
        return pieces


async def take_snapshot(storage: Storage, accounts: Sequence[int], notified: Iterable[int] = ()) -> StoreSnapshot:
    """Read the whole store; of accounts only those given, of notifications only those of the users in ``notified``."""
    summaries = [order async for order in _iterate(partial(storage.orders.page, OrderFilter()))]
    return StoreSnapshot(
        products={product.id: product for product in await list_products(storage)},
        categories={category.id for category in await storage.categories.all()},
        users={user.id async for user in _iterate(partial(storage.users.page, UserFilter()))},
        orders={order.id: order for order in await _get_all(storage.orders.get, [order.id for order in summaries])},
        balances={account.id: account.balance for account in await _get_all(storage.accounts.get, accounts)},
        transfers={
            transfer.id: transfer
            for key in accounts
            async for transfer in _iterate(partial(storage.accounts.transfers, key))
        },
        notifications={
            notification.id: notification
            for key in notified
            async for notification in _iterate(partial(storage.notifications.page, key))
        },
        totals=await storage.orders.totals_by_status(),
    )


async def list_products(storage: Storage) -> list[Product]:
    """Every product, by id."""
    return [product async for product in _iterate(partial(storage.products.page, ProductFilter()))]


async def _iterate(fetch_page: Callable[[PageRequest], Awaitable[Page[E]]]) -> AsyncIterator[E]:
    """Every entity of a list, by a cursor over the ids."""
    request: PageRequest | None = PageRequest(sort=_BY_ID, size=_PAGE_SIZE, page=None)
    while request is not None:
        page = await fetch_page(request)
        for item in page.items:
            yield item
        last = page.items[-1].id if page.items else 0
        request = PageRequest(sort=_BY_ID, size=_PAGE_SIZE, page=None, after=(last, last)) if page.has_more else None


async def _get_all(get: Callable[[int], Awaitable[R]], ids: Sequence[int]) -> list[R]:
    """The result of ``get`` for each id, a few at once."""
    limit = asyncio.Semaphore(_MAX_CONCURRENT)

    async def get_one(key: int) -> R:
        async with limit:
            return await get(key)

    return list(await asyncio.gather(*map(get_one, ids)))

"""What a store holds, read through the contract's readers when nobody is changing it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from core.entities import Notification, Order, OrderStatus, Product, Transfer
from core.storage import OrderFilter, PageRequest, ProductFilter, Storage, UserFilter
from core.storage.pages import Page, SortKind, SortOrder

E = TypeVar("E")
R = TypeVar("R")

_BY_ID = SortOrder("id", SortKind.INTEGER, descending=False)
_PAGE = 100
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Everything that trade changes, by id.

    Attributes:
        balances: of the accounts, in minor units.
        transfers: between those accounts.
        notifications: of the users that were asked for.
        totals: number and sum of the orders of each status, as the storage says.
    """

    products: dict[int, Product]
    categories: set[int]
    users: set[int]
    orders: dict[int, Order]
    balances: dict[int, int]
    transfers: dict[int, Transfer]
    notifications: dict[int, Notification]
    totals: dict[OrderStatus, tuple[int, int]]

    def sold(self) -> Counter[int]:
        """Pieces of each product in orders that were not cancelled."""
        pieces: Counter[int] = Counter()
        for order in self.orders.values():
            if order.status is not OrderStatus.CANCELLED:
                for item in order.items:
                    pieces[item.product_id] += item.quantity
        return pieces


async def read(storage: Storage, accounts: Sequence[int], notified: Iterable[int] = ()) -> Books:
    """The books; of the given accounts, and of notifications only those of the given users."""
    summaries = [order async for order in _walk(partial(storage.orders.page, OrderFilter()))]
    users = _walk(partial(storage.users.page, UserFilter()))
    return Books(
        products={product.id: product for product in await products(storage)},
        categories={category.id for category in await storage.categories.all()},
        users={user.id async for user in users},
        orders={order.id: order for order in await _each(storage.orders.get, [order.id for order in summaries])},
        balances={account.id: account.balance for account in await _each(storage.accounts.get, accounts)},
        transfers={
            transfer.id: transfer
            for key in accounts
            async for transfer in _walk(partial(storage.accounts.transfers, key))
        },
        notifications={
            notification.id: notification
            for key in notified
            async for notification in _walk(partial(storage.notifications.page, key))
        },
        totals=await storage.orders.totals_by_status(),
    )


async def products(storage: Storage) -> list[Product]:
    """Every product, by id."""
    return [product async for product in _walk(partial(storage.products.page, ProductFilter()))]


async def _walk(page: Callable[[PageRequest], Awaitable[Page[E]]]) -> AsyncIterator[E]:
    """Every row of a list, by cursor over the ids."""
    page_request: PageRequest | None = PageRequest(sort=_BY_ID, size=_PAGE, page=None)
    while page_request is not None:
        found = await page(page_request)
        for item in found.items:
            yield item
        last: int = getattr(found.items[-1], "id") if found.items else 0  # noqa: B009
        page_request = PageRequest(sort=_BY_ID, size=_PAGE, page=None, after=(last, last)) if found.has_more else None


async def _each(get: Callable[[int], Awaitable[R]], ids: Sequence[int]) -> list[R]:
    """What ``get`` says of each, a few at once."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(key: int) -> R:
        async with gate:
            return await get(key)

    return list(await asyncio.gather(*map(one, ids)))

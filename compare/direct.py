"""The shop without HTTP: its use cases, called in this process, on an opened storage."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from typing_extensions import override

from compare.client import Failed, Refused
from core.entities import OrderDraft, OrderStatus, PaymentDraft, ProductDraft, TransferDraft
from core.errors import BusinessRuleViolation, Conflict, StockroomError
from core.services import accounts, catalogue, orders
from core.storage import PageRequest, ProductFilter, Storage, Transaction
from core.storage.delegating import DelegatingStorage
from core.storage.sorts import NEWEST_FIRST

T = TypeVar("T")

METHOD = "card"
PAGE = PageRequest(sort=NEWEST_FIRST, size=20, page=None)
"""The first page by cursor, as a shop page_request asks for it: without counting everything."""


class InstrumentedStorage(DelegatingStorage):
    """A storage that counts how often units of work ran again after a conflict.

    Attributes:
        reruns: their number.
    """

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self.reruns = 0

    @override
    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        runs = 0

        async def once(tx: Transaction) -> T:
            nonlocal runs
            runs += 1
            return await work(tx)

        try:
            return await self._storage.run(once)
        finally:
            self.reruns += max(0, runs - 1)


class DirectClient:
    """See ``Client``."""

    def __init__(self, storage: Storage) -> None:
        self._storage = InstrumentedStorage(storage)

    @property
    def reruns(self) -> int:
        """How often units of work ran again so far."""
        return self._storage.reruns

    async def product(self, id: int) -> int:
        return (await _answer(self._storage.products.get(id))).id

    async def product_by_slug(self, slug: str) -> int:
        return (await _answer(self._storage.products.by_slug(slug))).id

    async def category_page(self, category_id: int) -> int:
        return await self._page(ProductFilter(category_id=category_id))

    async def search(self, text: str) -> int:
        return await self._page(ProductFilter(search=text, is_active=True))

    async def order_details(self, id: int) -> int:
        return (await _answer(self._storage.orders.details(id))).id

    async def place(self, draft: OrderDraft, *, notify: bool) -> tuple[int, int]:
        place = orders.place_and_notify if notify else orders.place
        order = await _answer(place(self._storage, draft))
        return order.id, order.total_amount

    async def pay(self, order_id: int, amount: int) -> None:
        await _answer(orders.pay(self._storage, order_id, PaymentDraft(amount=amount, method=METHOD)))

    async def cancel(self, order_id: int) -> None:
        await _answer(orders.change_status(self._storage, order_id, OrderStatus.CANCELLED))

    async def create_product(self, draft: ProductDraft) -> int:
        [product] = await _answer(catalogue.create_products(self._storage, [draft]))
        return product.id

    async def change_product(self, id: int, description: str) -> None:
        await _answer(catalogue.change_product(self._storage, id, {"description": description}))

    async def restock(self, id: int, pieces: int) -> None:
        await _answer(catalogue.change_stock(self._storage, id, pieces))

    async def transfer(self, draft: TransferDraft) -> None:
        await _answer(accounts.transfer(self._storage, draft))

    async def _page(self, filter: ProductFilter) -> int:
        return len((await _answer(self._storage.products.page(filter, PAGE))).items)


async def _answer(request: Awaitable[T]) -> T:
    """What the shop answers; whatever else comes is counted under its name, and the others go on."""
    try:
        return await request
    except (BusinessRuleViolation, Conflict) as refusal:
        raise Refused(refusal.code) from refusal
    except StockroomError as error:
        raise Failed(error.code) from error
    except Exception as error:
        raise Failed(type(error).__name__) from error

"""The shop without HTTP: its use cases, called in this process on an opened storage."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from typing_extensions import override

from compare.client import RequestFailed, RequestRefused, ShopClient
from core.entities import OrderDraft, OrderStatus, PaymentDraft, ProductDraft, TransferDraft
from core.errors import BusinessRuleViolation, Conflict, StockroomError
from core.services import accounts, catalogue, orders, payments
from core.storage import PageRequest, ProductFilter, Storage, Transaction
from core.storage.delegating import DelegatingStorage
from core.storage.sorts import NEWEST_FIRST

T = TypeVar("T")

METHOD = "card"
PAGE = PageRequest(sort=NEWEST_FIRST, size=20, page=None)
"""The first page by cursor, as a shop's web page requests it: without counting all rows."""


class InstrumentedStorage(DelegatingStorage):
    """A storage that counts how often units of work run again after a conflict.

    Attributes:
        retries: number of times so far.
    """

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self.retries = 0

    @override
    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        runs = 0

        async def counted(tx: Transaction) -> T:
            nonlocal runs
            runs += 1
            return await work(tx)

        try:
            return await self._storage.run(counted)
        finally:
            self.retries += max(0, runs - 1)


class DirectClient(ShopClient):
    """Calls the use cases that the API calls."""

    def __init__(self, storage: Storage) -> None:
        self._storage = InstrumentedStorage(storage)

    @property
    def retries(self) -> int:
        """Number of times that units of work have run again so far."""
        return self._storage.retries

    @override
    async def get_product(self, id: int) -> int:
        return (await _translate_errors(self._storage.products.get(id))).id

    @override
    async def get_product_by_slug(self, slug: str) -> int:
        return (await _translate_errors(self._storage.products.by_slug(slug))).id

    @override
    async def list_category(self, category_id: int) -> int:
        return await self._count_page(ProductFilter(category_id=category_id))

    @override
    async def search_products(self, text: str) -> int:
        return await self._count_page(ProductFilter(search=text, is_active=True))

    @override
    async def get_order_details(self, id: int) -> int:
        return (await _translate_errors(self._storage.orders.details(id))).id

    @override
    async def place_order(self, draft: OrderDraft, *, notify: bool) -> tuple[int, int]:
        place = orders.place_and_notify if notify else orders.place
        order = await _translate_errors(place(self._storage, draft))
        return order.id, order.total_amount

    @override
    async def pay_order(self, order_id: int, amount: int) -> None:
        payment = PaymentDraft(amount=amount, method=METHOD)
        await _translate_errors(payments.pay(self._storage, order_id, payment))

    @override
    async def cancel_order(self, order_id: int) -> None:
        await _translate_errors(orders.change_status(self._storage, order_id, OrderStatus.CANCELLED))

    @override
    async def create_product(self, draft: ProductDraft) -> int:
        [product] = await _translate_errors(catalogue.create_products(self._storage, [draft]))
        return product.id

    @override
    async def change_description(self, product_id: int, description: str) -> None:
        changes = {"description": description}
        await _translate_errors(catalogue.change_product(self._storage, product_id, changes))

    @override
    async def restock_product(self, id: int, pieces: int) -> None:
        await _translate_errors(catalogue.change_stock(self._storage, id, pieces))

    @override
    async def transfer(self, draft: TransferDraft) -> None:
        await _translate_errors(accounts.transfer(self._storage, draft))

    async def _count_page(self, filter: ProductFilter) -> int:
        return len((await _translate_errors(self._storage.products.page(filter, PAGE))).items)


async def _translate_errors(request: Awaitable[T]) -> T:
    """The result of a request; an unexpected exception is counted under its name, and the other requests go on."""
    try:
        return await request
    except (BusinessRuleViolation, Conflict) as refusal:
        raise RequestRefused(refusal.code) from refusal
    except StockroomError as error:
        raise RequestFailed(error.code) from error
    except Exception as error:
        raise RequestFailed(type(error).__name__) from error

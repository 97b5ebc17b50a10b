"""The requests that a customer of the shop sends, over HTTP or in process."""

from typing import Protocol

from core.entities import OrderDraft, ProductDraft, TransferDraft


class RequestRefused(Exception):
    """A business rule or a conflict forbade the request. A correct answer, and counted apart from failures.

    Attributes:
        code: as in ``core.errors``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RequestFailed(Exception):
    """The request got no answer, or an answer that is an error of the shop. It may or may not have had an effect.

    Attributes:
        code: as in ``core.errors``, or the name of the exception or status.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ShopClient(Protocol):
    """The requests that workloads are made of. Each raises RequestRefused or RequestFailed."""

    async def get_product(self, id: int) -> int:
        """The id in the answer."""
        ...

    async def get_product_by_slug(self, slug: str) -> int:
        """The id in the answer."""
        ...

    async def list_category(self, category_id: int) -> int:
        """The number of products on the first page of a category, newest first."""
        ...

    async def search_products(self, text: str) -> int:
        """The number of products for sale on the first page of a search."""
        ...

    async def get_order_details(self, id: int) -> int:
        """The id in the answer, which has the order with its user and products."""
        ...

    async def place_order(self, draft: OrderDraft, *, notify: bool) -> tuple[int, int]:
        """The id of the new order, and its total in minor units."""
        ...

    async def pay_order(self, order_id: int, amount: int) -> None:
        """Pay a pending order in full, in minor units."""
        ...

    async def cancel_order(self, order_id: int) -> None:
        """Cancel an order."""
        ...

    async def create_product(self, draft: ProductDraft) -> int:
        """The id of the new product."""
        ...

    async def change_description(self, product_id: int, description: str) -> None:
        """Replace the description of a product."""
        ...

    async def restock_product(self, id: int, pieces: int) -> None:
        """Add to the stock of a product."""
        ...

    async def transfer(self, draft: TransferDraft) -> None:
        """Move money between two accounts."""
        ...

"""What a customer of the shop does, whichever way the shop is reached."""

from typing import Protocol

from core.entities import OrderDraft, ProductDraft, TransferDraft


class Refused(Exception):
    """A rule of the shop forbade it. A proper answer, to a request that came too late or wanted too much.

    Attributes:
        code: as in ``core.errors``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Failed(Exception):
    """No answer, or one that no shop should give. Whether anything was changed is not known.

    Attributes:
        code: as in ``core.errors``, or what there was in its place.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Client(Protocol):
    """The requests that workloads are made of. Each raises Refused or Failed."""

    async def product(self, id: int) -> int:
        """Look at a product; the id of the one that was shown."""
        ...

    async def product_by_slug(self, slug: str) -> int:
        """Look at a product by its address; the id of the one that was shown."""
        ...

    async def category_page(self, category_id: int) -> int:
        """Look at the newest products of a category; how many were shown."""
        ...

    async def search(self, text: str) -> int:
        """Search among the products for sale; how many were shown."""
        ...

    async def order_details(self, id: int) -> int:
        """Look at an order with its user and products; the id of the one that was shown."""
        ...

    async def place(self, draft: OrderDraft, *, notify: bool) -> tuple[int, int]:
        """Place an order; its id, and its total in minor units."""
        ...

    async def pay(self, order_id: int, amount: int) -> None:
        """Pay a pending order in full, in minor units."""
        ...

    async def cancel(self, order_id: int) -> None:
        """Cancel an order."""
        ...

    async def create_product(self, draft: ProductDraft) -> int:
        """Add a product; its id."""
        ...

    async def change_product(self, id: int, description: str) -> None:
        """Describe a product anew."""
        ...

    async def restock(self, id: int, pieces: int) -> None:
        """Add to the stock of a product."""
        ...

    async def transfer(self, draft: TransferDraft) -> None:
        """Move money between two accounts."""
        ...

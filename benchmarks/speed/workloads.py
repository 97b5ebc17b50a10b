"""The four kinds of request, as bytes."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

PRODUCTS = 10_000
USERS = 1_000
BULK = 1_000
PAGE = 100
DESCRIPTION = "A thing of use in every household. " * 3

_numbers = count(1)

Make = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of request.

    Attributes:
        name: in the report.
        status: expected of the response.
        max_requests: in one run, so that the tables stay equally large; None for no limit.
        raw_target: the ratio to the hand-written code that is to be reached.
        tutorial_target: the ratio to the tutorial that is to be reached.
    """

    name: str
    status: int
    max_requests: int | None
    raw_target: float
    tutorial_target: float


ONE = Workload("one product by id", 200, None, 0.80, 4)
LIST = Workload("page of 100 products by cursor", 200, None, 0.80, 3)
PLACE = Workload("place an order of 3 lines", 201, None, 0.80, 3)
FILL = Workload("bulk create 1 000 products", 201, 64, 0.60, 5)

WORKLOADS = (ONE, LIST, PLACE, FILL)


@dataclass(slots=True)
class Requests:
    """Random requests for the rows of a database.

    Attributes:
        products: their ids, ascending.
        users: their ids.
        queries: of pages in the middle of the list, each after another product.
    """

    products: Sequence[int]
    users: Sequence[int]
    queries: Sequence[str]
    _random: random.Random = field(default_factory=lambda: random.Random(20261122))  # noqa: S311 - the same in every run

    def maker_of(self, workload: Workload) -> Make:
        """The function that makes the next request of a kind."""
        return {ONE.name: self.product, LIST.name: self.page, PLACE.name: self.order, FILL.name: make_bulk}[
            workload.name
        ]

    def product(self) -> bytes:
        """A random product."""
        return get(f"/products/{self._random.choice(self.products)}")

    def page(self) -> bytes:
        """A random page."""
        return get(f"/products?{self._random.choice(self.queries)}")

    def order(self) -> bytes:
        """An order of three products, by id, because the tutorial locks them in the given order."""
        return post("/orders", self.order_draft())

    def order_draft(self) -> dict[str, Any]:
        """The body of an order."""
        product_ids = sorted(self._random.sample(self.products, 3))
        items = [{"product_id": key, "quantity": self._random.randint(1, 3)} for key in product_ids]
        return {"user_id": self._random.choice(self.users), "items": items, "shipping_address": "1 Main Street"}


def make_bulk() -> bytes:
    """A thousand new products."""
    return post("/products/bulk", [new_product() for _ in range(BULK)])


def new_product() -> dict[str, Any]:
    """The body of a new product; with a slug, which the tutorial requires."""
    number = next(_numbers)
    return {
        "name": f"New product {number}",
        "slug": f"new-product-{number}",
        "sku": f"NEW-{number}",
        "price": "79.99",
        "stock_quantity": 100,
        "description": DESCRIPTION.strip(),
    }


def get(path: str) -> bytes:
    """A GET request."""
    return f"GET {path} HTTP/1.1\r\nhost: shop.test\r\naccept: */*\r\n\r\n".encode()


def post(path: str, body: object) -> bytes:
    """A POST request."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: shop.test\r\naccept: */*\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(content)}\r\n\r\n".encode() + content

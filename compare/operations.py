"""What a customer can ask for, one function each; what is acknowledged goes into the ledger."""

from collections.abc import Awaitable, Callable, Mapping

from compare.client import Client, Failed
from compare.ledger import Ledger
from compare.population import Customer

Operation = Callable[[Client, Customer, Ledger], Awaitable[None]]


async def product(client: Client, customer: Customer, _: Ledger) -> None:
    """By id."""
    wanted = customer.product().id
    _require(await client.product(wanted) == wanted)


async def product_by_slug(client: Client, customer: Customer, _: Ledger) -> None:
    """By the address of its page."""
    wanted = customer.product()
    _require(await client.product_by_slug(wanted.slug) == wanted.id)


async def category_page(client: Client, customer: Customer, _: Ledger) -> None:
    """The first page of a category."""
    await client.category_page(customer.category())


async def search(client: Client, customer: Customer, _: Ledger) -> None:
    """For a brand."""
    await client.search(customer.word())


async def order_details(client: Client, customer: Customer, _: Ledger) -> None:
    """With its user and products."""
    wanted = customer.order()
    _require(await client.order_details(wanted) == wanted)


async def place_order(client: Client, customer: Customer, ledger: Ledger) -> None:
    """Of one to five lines."""
    await _place(client, customer, ledger, notify=False)


async def place_and_notify(client: Client, customer: Customer, ledger: Ledger) -> None:
    """The same, with a notification."""
    await _place(client, customer, ledger, notify=True)


async def _place(client: Client, customer: Customer, ledger: Ledger, *, notify: bool) -> None:
    draft = customer.basket()
    try:
        order_id, total = await client.place(draft, notify=notify)
    except Failed:
        ledger.doubtful["orders"] += 1
        raise
    ledger.orders[order_id] = (draft, total)
    if notify:
        ledger.notified.add(draft.user_id)
    customer.unpaid.append((order_id, total))


async def pay(client: Client, customer: Customer, ledger: Ledger) -> None:
    """The latest of the customer's own orders."""
    order_id, total = customer.unpaid.pop()
    try:
        await client.pay(order_id, total)
    except Failed:
        ledger.unsettled.add(order_id)
        raise
    ledger.paid.add(order_id)


async def cancel(client: Client, customer: Customer, ledger: Ledger) -> None:
    """The latest of the customer's own orders."""
    order_id, _ = customer.unpaid.pop()
    try:
        await client.cancel(order_id)
    except Failed:
        ledger.unsettled.add(order_id)
        raise
    ledger.cancelled.add(order_id)


async def create_product(client: Client, customer: Customer, ledger: Ledger) -> None:
    """With a description and a category."""
    draft = customer.novelty()
    try:
        product_id = await client.create_product(draft)
    except Failed:
        ledger.doubtful["products"] += 1
        raise
    ledger.products[product_id] = draft


async def change_product(client: Client, customer: Customer, _: Ledger) -> None:
    """Its description."""
    await client.change_product(customer.product().id, customer.description())


async def restock(client: Client, customer: Customer, ledger: Ledger) -> None:
    """By a few pieces."""
    product_id, pieces = customer.product().id, customer.pieces()
    try:
        await client.restock(product_id, pieces)
    except Failed:
        ledger.perhaps_restocked[product_id] += pieces
        raise
    ledger.restocked[product_id] += pieces


async def transfer(client: Client, customer: Customer, ledger: Ledger) -> None:
    """A small amount."""
    draft = customer.transfer()
    try:
        await client.transfer(draft)
    except Failed:
        ledger.doubtful["transfers"] += 1
        raise
    ledger.transfers.append(draft)


def _require(right: bool) -> None:
    if not right:
        raise Failed("wrong-answer")


OPERATIONS: dict[str, Operation] = {
    operation.__name__: operation
    for operation in (
        product,
        product_by_slug,
        category_page,
        search,
        order_details,
        place_order,
        place_and_notify,
        pay,
        cancel,
        create_product,
        change_product,
        restock,
        transfer,
    )
}
"""By the names that workloads use."""


class Habit:
    """Which operation comes next, by the shares of a workload."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._names = list(shares)
        self._weights = list(shares.values())

    def next(self, customer: Customer) -> str:
        """The name of an operation. Who has no order that could be paid or cancelled places one."""
        name = customer.choose(self._names, self._weights)
        return "place_order" if name in ("pay", "cancel") and not customer.unpaid else name

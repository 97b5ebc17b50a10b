"""The operations that workloads are made of; each records what was acknowledged."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from compare.acknowledged import AcknowledgedChanges
from compare.client import RequestFailed, ShopClient
from compare.population import Customer

Operation = Callable[[ShopClient, Customer, AcknowledgedChanges], Awaitable[None]]


async def get_product(client: ShopClient, customer: Customer, _: AcknowledgedChanges) -> None:
    """By id."""
    product_id = customer.draw_product().id
    _require(await client.get_product(product_id) == product_id)


async def get_product_by_slug(client: ShopClient, customer: Customer, _: AcknowledgedChanges) -> None:
    """By slug."""
    product = customer.draw_product()
    _require(await client.get_product_by_slug(product.slug) == product.id)


async def list_category(client: ShopClient, customer: Customer, _: AcknowledgedChanges) -> None:
    """The first page of a category."""
    await client.list_category(customer.draw_category())


async def search_products(client: ShopClient, customer: Customer, _: AcknowledgedChanges) -> None:
    """By a brand."""
    await client.search_products(customer.draw_search_term())


async def get_order_details(client: ShopClient, customer: Customer, _: AcknowledgedChanges) -> None:
    """An order with its user and products."""
    order_id = customer.draw_order()
    _require(await client.get_order_details(order_id) == order_id)


async def place_order(
    client: ShopClient, customer: Customer, changes: AcknowledgedChanges, *, notify: bool = False
) -> None:
    """An order of one to five lines, with or without a notification."""
    draft = customer.draw_new_order()
    try:
        order_id, total = await client.place_order(draft, notify=notify)
    except RequestFailed:
        changes.unanswered["orders"] += 1
        raise
    changes.orders[order_id] = (draft, total)
    if notify:
        changes.notified.add(draft.user_id)
    customer.unpaid.append((order_id, total))


async def pay_order(client: ShopClient, customer: Customer, changes: AcknowledgedChanges) -> None:
    """The customer's own latest unpaid order."""
    order_id, total = customer.unpaid.pop()
    try:
        await client.pay_order(order_id, total)
    except RequestFailed:
        changes.unanswered_orders.add(order_id)
        raise
    changes.paid.add(order_id)


async def cancel_order(client: ShopClient, customer: Customer, changes: AcknowledgedChanges) -> None:
    """The customer's own latest unpaid order."""
    order_id, _ = customer.unpaid.pop()
    try:
        await client.cancel_order(order_id)
    except RequestFailed:
        changes.unanswered_orders.add(order_id)
        raise
    changes.cancelled.add(order_id)


async def create_product(client: ShopClient, customer: Customer, changes: AcknowledgedChanges) -> None:
    """A product with a description and a category."""
    draft = customer.draw_new_product()
    try:
        product_id = await client.create_product(draft)
    except RequestFailed:
        changes.unanswered["products"] += 1
        raise
    changes.products[product_id] = draft


async def change_product(client: ShopClient, customer: Customer, _: AcknowledgedChanges) -> None:
    """The description of a product."""
    await client.change_description(customer.draw_product().id, customer.draw_description())


async def restock_product(client: ShopClient, customer: Customer, changes: AcknowledgedChanges) -> None:
    """Add a few pieces to the stock of a product."""
    product_id, pieces = customer.draw_product().id, customer.draw_pieces()
    try:
        await client.restock_product(product_id, pieces)
    except RequestFailed:
        changes.unanswered_restocks[product_id] += pieces
        raise
    changes.restocked[product_id] += pieces


async def transfer_money(client: ShopClient, customer: Customer, changes: AcknowledgedChanges) -> None:
    """A small amount between two accounts."""
    draft = customer.draw_transfer()
    try:
        await client.transfer(draft)
    except RequestFailed:
        changes.unanswered["transfers"] += 1
        raise
    changes.transfers.append(draft)


def _require(is_correct: bool) -> None:
    if not is_correct:
        raise RequestFailed("wrong-answer")


OPERATIONS: dict[str, Operation] = {
    "product": get_product,
    "product_by_slug": get_product_by_slug,
    "category_page": list_category,
    "search": search_products,
    "order_details": get_order_details,
    "place_order": place_order,
    "place_and_notify": partial(place_order, notify=True),
    "pay": pay_order,
    "cancel": cancel_order,
    "create_product": create_product,
    "change_product": change_product,
    "restock": restock_product,
    "transfer": transfer_money,
}
"""By the names that workloads use."""


class WorkloadMix:
    """Chooses operations by the shares of a workload."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._names = list(shares)
        self._weights = list(shares.values())

    def choose(self, customer: Customer) -> str:
        """The name of the next operation; ``place_order`` where the customer has no order to pay or cancel."""
        name = customer.draw_operation(self._names, self._weights)
        return "place_order" if name in ("pay", "cancel") and not customer.unpaid else name

"""Orders: placing and status changes."""

import logging
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from core import clock
from core.entities import (
    NotificationDraft,
    Order,
    OrderDraft,
    OrderItem,
    OrderStatus,
    OrderSummary,
    Product,
    SalesSummary,
)
from core.entities.fields import MAX_QUANTITY
from core.entities.orders import TRANSITIONS
from core.errors import (
    AmountLimit,
    BusinessRuleViolation,
    FieldError,
    InactiveProduct,
    InsufficientStock,
    InvalidTransition,
    StockLimit,
    StockroomError,
    TransientConflict,
    Unavailable,
    UnknownReference,
)
from core.money import MAX_TOTAL, to_json
from core.services.payments import refund_order
from core.services.versioning import ExpectedVersions, lock_expecting, save_changes
from core.storage import OrderFilter, PageRequest, Storage, Transaction
from core.storage.pages import Page
from core.storage.repositories import NewOrder

logger = logging.getLogger(__name__)

_PRODUCTS_AT_ONCE = 500  # of a statement with parameters for each
_SUFFIX_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that reads like something else


async def place(storage: Storage, draft: OrderDraft) -> Order:
    """Place an order: check every line, take the stock, capture the prices, all in one unit of work.

    Raises:
        BusinessRuleViolation: one of its kinds, with every failing line in ``errors``; nothing has changed.
    """
    return await storage.run(lambda tx: _place(tx, draft))


async def place_and_notify(storage: Storage, draft: OrderDraft) -> Order:
    """Place an order and notify its user. Where only the notification fails, the order stands.

    With savepoints both are one unit of work; without, the notification is a second one after the order's.
    """
    if not storage.capabilities.savepoints:
        order = await place(storage, draft)
        try:
            await storage.run(lambda tx: _notify(tx, order))
        except StockroomError:
            logger.warning("notification of order %s failed", order.order_number, exc_info=True)
        return order

    async def work(tx: Transaction) -> Order:
        order = await _place(tx, draft)
        try:
            async with tx.savepoint():
                await _notify(tx, order)
        except (TransientConflict, Unavailable):
            raise
        except StockroomError:
            logger.warning("notification of order %s failed", order.order_number, exc_info=True)
        return order

    return await storage.run(work)


async def _place(tx: Transaction, draft: OrderDraft) -> Order:
    now = clock.now()
    wanted: Counter[int] = Counter()
    for line in draft.items:
        wanted[line.product_id] += line.quantity
    products = await tx.products.lock_many(sorted(wanted))
    _check_lines(draft, wanted, products)
    items = [_item(line.quantity, products[line.product_id]) for line in draft.items]
    total = sum(item.total_price for item in items)
    if total > MAX_TOTAL:
        raise AmountLimit(f"The total cannot exceed {to_json(MAX_TOTAL)}.")
    await tx.products.adjust_stock({key: -quantity for key, quantity in wanted.items()}, now)
    return await tx.orders.add(_new_order(draft, items, total, now), now)


def _check_lines(draft: OrderDraft, wanted: Mapping[int, int], products: Mapping[int, Product]) -> None:
    failures: list[tuple[type[BusinessRuleViolation], FieldError]] = []
    for index, line in enumerate(draft.items):
        product = products.get(line.product_id)
        if product is None:
            error = FieldError(
                f"items.{index}.product_id", f"There is no product {line.product_id}.", "unknown-reference"
            )
            failures.append((UnknownReference, error))
        elif not product.is_active:
            error = FieldError(
                f"items.{index}.product_id", f"Product {product.id} is not for sale.", "inactive-product"
            )
            failures.append((InactiveProduct, error))
        elif product.stock_quantity < wanted[product.id]:
            message = f"Product {product.id} has {product.stock_quantity} in stock, {wanted[product.id]} are wanted."
            failures.append((InsufficientStock, FieldError(f"items.{index}.quantity", message, "insufficient-stock")))
    if failures:
        raise failures[0][0]("The order cannot be placed. " + failures[0][1].message, [error for _, error in failures])


def _item(quantity: int, product: Product) -> OrderItem:
    return OrderItem(
        product_id=product.id, quantity=quantity, unit_price=product.price, total_price=product.price * quantity
    )


def _new_order(draft: OrderDraft, items: list[OrderItem], total: int, now: datetime) -> NewOrder:
    suffix = "".join([_SUFFIX_ALPHABET[byte % 32] for byte in secrets.token_bytes(6)])
    return NewOrder(
        order_number=f"ORD-{now:%Y%m%d%H%M%S}-{suffix}",
        user_id=draft.user_id,
        shipping_address=draft.shipping_address,
        total_amount=total,
        items=items,
    )


async def _notify(tx: Transaction, order: Order) -> None:
    message = f"Your order {order.order_number} over {to_json(order.total_amount)} has been placed."
    await tx.notifications.add(
        [NotificationDraft(user_id=order.user_id, order_id=order.id, message=message)], clock.now()
    )


async def change_status(
    storage: Storage, id: int, status: OrderStatus, expected: ExpectedVersions = None
) -> OrderSummary:
    """Change the status of an order; cancelling restores its stock and refunds what was paid, once.

    Raises:
        InvalidTransition: its present status does not lead there.
        StockLimit: a product has been stocked up so far that the pieces no longer fit.
        AccountClosed: the account that paid does not exist any more.
        AmountLimit: the account that paid cannot hold what it gets back.
    """

    async def work(tx: Transaction) -> OrderSummary:
        order = await lock_expecting(tx.orders, id, expected)
        if status is OrderStatus.CANCELLED:
            _require_transition(order, status)
            await restock(tx, [order])
            if order.status is not OrderStatus.PENDING:  # a pending one was not paid
                await refund_order(tx, order.id)
        return await _set_status(tx, order, status)

    return await storage.run(work)


async def restock(tx: Transaction, orders: Iterable[Order]) -> None:
    """Put the pieces of orders that are locked back in stock.

    Raises:
        StockLimit: a product has been stocked up so far that the pieces no longer fit.
    """
    pieces: Counter[int] = Counter()
    for item in (item for order in orders for item in order.items):
        pieces[item.product_id] += item.quantity
    keys = sorted(pieces)
    for start in range(0, len(keys), _PRODUCTS_AT_ONCE):
        await _add_to_stock(tx, {key: pieces[key] for key in keys[start : start + _PRODUCTS_AT_ONCE]})


async def _add_to_stock(tx: Transaction, pieces: Mapping[int, int]) -> None:
    products = await tx.products.lock_many(sorted(pieces))
    full = [key for key, product in products.items() if product.stock_quantity + pieces[key] > MAX_QUANTITY]
    if full:
        raise StockLimit(f"The stock of product {full[0]} cannot exceed {MAX_QUANTITY}.")
    await tx.products.adjust_stock(pieces, clock.now())


def _require_transition(order: OrderSummary, status: OrderStatus) -> None:
    if status not in TRANSITIONS[order.status]:
        error = FieldError("new_status", f"Does not follow {order.status.value}.", "invalid-transition")
        raise InvalidTransition(f"An order cannot change from {order.status.value} to {status.value}.", [error])


async def _set_status(tx: Transaction, order: Order, status: OrderStatus) -> Order:
    _require_transition(order, status)
    return await save_changes(tx.orders, order, {"status": status})


async def of_user(storage: Storage, user_id: int, page_request: PageRequest) -> Page[OrderSummary]:
    """A page of a user's orders."""
    page = await storage.orders.page(OrderFilter(user_id=user_id), page_request)
    if not page.items:
        await storage.users.get(user_id)
    return page


async def summary(storage: Storage, user_id: int | None = None) -> SalesSummary:
    """Totals over the orders of a user, or over all."""
    totals = await storage.orders.totals_by_status(user_id)
    return SalesSummary(
        total_orders=sum(count for count, _ in totals.values()),
        total_revenue=sum(amount for status, (_, amount) in totals.items() if status is not OrderStatus.CANCELLED),
        orders_by_status={status: totals.get(status, (0, 0))[0] for status in OrderStatus},
    )

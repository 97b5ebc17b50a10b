"""Orders: placing and status changes."""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from core import clock
from core.entities import (
    NotificationDraft,
    Order,
    OrderDraft,
    OrderItemDraft,
    OrderLine,
    OrderPatch,
    OrderStatus,
    OrderSummary,
    Product,
    SalesSummary,
)
from core.entities.fields import MAX_QUANTITY
from core.entities.orders import TRANSITIONS, number_lines
from core.errors import (
    AmountLimit,
    BusinessRuleViolation,
    FieldError,
    InactiveProduct,
    InsufficientStock,
    InvalidTransition,
    StockLimit,
    UnknownReference,
)
from core.money import MAX_TOTAL, to_json
from core.services.payments import refund_order
from core.services.versioning import ExpectedVersions, apply_changes, lock_expecting, save_changes
from core.storage import OrderFilter, PageRequest, Storage, Transaction
from core.storage.optional import run_with_optional
from core.storage.pages import Page
from core.storage.repositories import NewOrder

_PRODUCTS_AT_ONCE = 500  # of a statement with parameters for each
_SUFFIX_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that reads like something else


async def place(storage: Storage, draft: OrderDraft) -> Order:
    """Place an order: check every line, take the stock, capture the prices, all in one unit of work.

    Raises:
        BusinessRuleViolation: one of its kinds, with every failing line in ``errors``; nothing has changed.
    """
    return await storage.run(lambda tx: _place(tx, draft))


async def place_and_notify(storage: Storage, draft: OrderDraft) -> Order:
    """Place an order and notify its user. Where only the notification fails, the order stands."""
    return await run_with_optional(
        storage, lambda tx: _place(tx, draft), _notify, lambda order: f"notification of order {order.order_number}"
    )


async def _place(tx: Transaction, draft: OrderDraft) -> Order:
    now = clock.now()
    wanted = _pieces(draft.items)
    products = await tx.products.lock_many(sorted(wanted))
    _check_lines(draft.items, wanted, products, Counter())
    items = [_line(line, products[line.product_id].price) for line in draft.items]
    total = _total(items)
    await tx.products.adjust_stock({key: -quantity for key, quantity in wanted.items()}, now)
    return await tx.orders.add(_new_order(draft, items, total, now), now)


def _pieces(lines: Iterable[OrderItemDraft | OrderLine]) -> Counter[int]:
    """How many pieces of each product the lines have in all."""
    pieces: Counter[int] = Counter()
    for line in lines:
        pieces[line.product_id] += line.quantity
    return pieces


def _total(lines: Iterable[OrderLine]) -> int:
    total = sum(line.total_price for line in lines)
    if total > MAX_TOTAL:
        raise AmountLimit(f"The total cannot exceed {to_json(MAX_TOTAL)}.")
    return total


def _check_lines(
    lines: Sequence[OrderItemDraft], wanted: Counter[int], products: Mapping[int, Product], held: Counter[int]
) -> None:
    """Refuse lines that cannot be ordered; ``held`` are the pieces that the order has already."""
    failures: list[tuple[type[BusinessRuleViolation], FieldError]] = []
    for index, line in enumerate(lines):
        product = products.get(line.product_id)
        if product is None:
            error = FieldError(
                f"items.{index}.product_id", f"There is no product {line.product_id}.", "unknown-reference"
            )
            failures.append((UnknownReference, error))
        elif not product.is_active and wanted[product.id] > held[product.id]:
            error = FieldError(
                f"items.{index}.product_id", f"Product {product.id} is not for sale.", "inactive-product"
            )
            failures.append((InactiveProduct, error))
        elif product.stock_quantity + held[product.id] < wanted[product.id]:
            left = product.stock_quantity + held[product.id]
            message = f"Product {product.id} has {left} in stock, {wanted[product.id]} are wanted."
            failures.append((InsufficientStock, FieldError(f"items.{index}.quantity", message, "insufficient-stock")))
    if failures:
        raise failures[0][0]("The order cannot be placed. " + failures[0][1].message, [error for _, error in failures])


def _line(draft: OrderItemDraft, price: int) -> OrderLine:
    return OrderLine(
        product_id=draft.product_id, quantity=draft.quantity, unit_price=price, total_price=price * draft.quantity
    )


def _new_order(draft: OrderDraft, items: list[OrderLine], total: int, now: datetime) -> NewOrder:
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
    pieces = _pieces(item for order in orders for item in order.items)
    keys = sorted(pieces)
    for start in range(0, len(keys), _PRODUCTS_AT_ONCE):
        await _add_to_stock(tx, {key: pieces[key] for key in keys[start : start + _PRODUCTS_AT_ONCE]})


async def _add_to_stock(tx: Transaction, pieces: Mapping[int, int]) -> None:
    products = await tx.products.lock_many(sorted(pieces))
    _check_stock_limit(products, pieces)
    await tx.products.adjust_stock(pieces, clock.now())


def _check_stock_limit(products: Mapping[int, Product], pieces: Mapping[int, int]) -> None:
    full = [key for key, product in products.items() if product.stock_quantity + pieces[key] > MAX_QUANTITY]
    if full:
        raise StockLimit(f"The stock of product {full[0]} cannot exceed {MAX_QUANTITY}.")


async def edit(storage: Storage, id: int, given: OrderPatch, expected: ExpectedVersions = None) -> Order:
    """Change lines and address of a pending order; stock and total follow.

    A product that the order has already keeps its price, and need not be for sale unless more of it is wanted.

    Raises:
        InvalidTransition: the order is not pending.
        BusinessRuleViolation: as ``place``; or StockLimit, where pieces no longer fit in the stock.
    """

    async def work(tx: Transaction) -> Order:
        order, changes = await lock_expecting(tx.orders, id, expected), dict[str, Any](given)
        if order.status is not OrderStatus.PENDING:
            raise InvalidTransition(f"Only a pending order can be changed; this one is {order.status.value}.")
        drafts = changes.pop("items", None)
        if drafts is None:
            return await save_changes(tx.orders, order, changes)
        lines, total = await _change_lines(tx, order, drafts)
        changes |= {"items": number_lines(id, lines), "total_amount": total}
        after = apply_changes(order, changes)
        if after is not None:
            await tx.orders.save(after, lines)
        return after or order

    return await storage.run(work)


async def _change_lines(tx: Transaction, order: Order, drafts: Sequence[OrderItemDraft]) -> tuple[list[OrderLine], int]:
    """The new lines of an order and their total, with the stock of the products adjusted."""
    held, wanted = _pieces(order.items), _pieces(drafts)
    products = await tx.products.lock_many(sorted(held | wanted))
    _check_lines(drafts, wanted, products, held)
    changes = {key: held[key] - wanted[key] for key in products if held[key] != wanted[key]}
    _check_stock_limit({key: products[key] for key in changes}, changes)
    prices = {key: product.price for key, product in products.items()}
    prices |= {item.product_id: item.unit_price for item in order.items}
    lines = [_line(draft, prices[draft.product_id]) for draft in drafts]
    total = _total(lines)
    if changes:
        await tx.products.adjust_stock(changes, clock.now())
    return lines, total


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

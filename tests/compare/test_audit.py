"""The audit: a consistent store passes, and each kind of discrepancy is named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from compare.acknowledged import AcknowledgedChanges
from compare.audit import find_discrepancies
from compare.snapshot import StoreSnapshot
from core.entities import (
    Notification,
    Order,
    OrderDraft,
    OrderItem,
    OrderItemDraft,
    OrderStatus,
    Product,
    ProductDraft,
    Transfer,
    TransferDraft,
)

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECORD: dict[str, Any] = {"created_at": AT, "updated_at": AT, "version": 1}


def product(key: int, stock: int) -> Product:
    return Product(
        id=key,
        name=f"Product {key}",
        slug=f"product-{key}",
        description=None,
        price=100,
        stock_quantity=stock,
        sku=f"P-{key}",
        is_active=True,
        category_id=1,
        **RECORD,
    )


def order(key: int, product_id: int, quantity: int, status: OrderStatus = OrderStatus.PENDING) -> Order:
    item = OrderItem(id=key, product_id=product_id, quantity=quantity, unit_price=100, total_price=100 * quantity)
    return Order(
        id=key,
        order_number=f"ORD-{key}",
        status=status,
        total_amount=item.total_price,
        user_id=1,
        shipping_address=None,
        items=[item],
        **RECORD,
    )


def transfer(key: int, sender: int, recipient: int, amount: int) -> Transfer:
    return Transfer(id=key, from_account_id=sender, to_account_id=recipient, amount=amount, created_at=AT)


def snapshot(**changes: Any) -> StoreSnapshot:
    """A shop of two products, one order, two accounts and one transfer between them."""
    before: dict[str, Any] = {
        "products": {1: product(1, 10), 2: product(2, 20)},
        "categories": {1},
        "users": {1},
        "orders": {1: order(1, 1, 3)},
        "balances": {1: 500, 2: 700},
        "transfers": {1: transfer(1, 1, 2, 50)},
        "notifications": {},
    }
    given = {**before, **changes}
    if "totals" not in given:
        given["totals"] = totals(given["orders"])
    return StoreSnapshot(**given)


def totals(orders: dict[int, Order]) -> dict[OrderStatus, tuple[int, int]]:
    return {
        status: (len(found), sum(order.total_amount for order in found))
        for status in OrderStatus
        if (found := [order for order in orders.values() if order.status is status])
    }


BEFORE = snapshot()


def rows_after() -> dict[str, Any]:
    """After three orders, one of them paid and one cancelled; a new product, a restocking, and a transfer."""
    return {
        "products": {1: product(1, 10 - 2 + 5), 2: product(2, 20 - 1), 3: product(3, 7)},
        "orders": {
            1: order(1, 1, 3),
            2: order(2, 1, 2),
            3: order(3, 2, 1, OrderStatus.CONFIRMED),
            4: order(4, 2, 4, OrderStatus.CANCELLED),
        },
        "balances": {1: 500 - 30, 2: 700 + 30},
        "transfers": {1: transfer(1, 1, 2, 50), 2: transfer(2, 1, 2, 30)},
        "notifications": {
            1: Notification(id=1, user_id=1, order_id=2, message="Your order", is_read=False, **RECORD),
        },
    }


def acknowledged() -> AcknowledgedChanges:
    changes = AcknowledgedChanges()
    for key, product_id, quantity in ((2, 1, 2), (3, 2, 1), (4, 2, 4)):
        draft = OrderDraft(user_id=1, items=[OrderItemDraft(product_id=product_id, quantity=quantity)])
        changes.orders[key] = (draft, 100 * quantity)
    changes.paid.add(3)
    changes.cancelled.add(4)
    changes.notified.add(1)
    changes.products[3] = ProductDraft(name="Product 3", sku="P-3", price=100, stock_quantity=7)
    changes.restocked[1] = 5
    changes.transfers.append(TransferDraft(from_account_id=1, to_account_id=2, amount=30))
    return changes


def test_consistent_store_passes() -> None:
    assert find_discrepancies(BEFORE, BEFORE, AcknowledgedChanges()) == []
    assert find_discrepancies(BEFORE, snapshot(**rows_after()), acknowledged()) == []


def replace_line(given: dict[str, Any], key: int, **changes: Any) -> None:
    given["orders"][key] = replace(given["orders"][key], items=[replace(given["orders"][key].items[0], **changes)])


DISCREPANCIES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a piece is lost": (lambda g: g["products"].update({2: product(2, 18)}), "product 2 has 1 pieces too few"),
    "a piece is added": (lambda g: g["products"].update({1: product(1, 14)}), "product 1 has 1 pieces too many"),
    "stock is below zero": (lambda g: g["products"].update({3: product(3, -1)}), "product 3 has -1 pieces"),
    "a product is lost": (lambda g: g["products"].pop(3), "product 3 is missing"),
    "an order is lost": (lambda g: g["orders"].pop(2), "order 2 is missing"),
    "an old order changed": (
        lambda g: g["orders"].update({1: order(1, 1, 3, OrderStatus.SHIPPED)}),
        "order 1, which no request changed, has changed",
    ),
    "an order has other lines": (lambda g: replace_line(g, 2, product_id=2), "order 2 has other lines"),
    "an order has another total": (
        lambda g: g["orders"].update({2: replace(g["orders"][2], total_amount=1)}),
        "order 2 has another user or total",
    ),
    "a payment is lost": (
        lambda g: g["orders"].update({3: order(3, 2, 1)}),
        "order 3 is pending, but confirmed was acknowledged",
    ),
    "a cancellation is lost": (
        lambda g: g["orders"].update({4: order(4, 2, 4)}),
        "order 4 is pending, but cancelled was acknowledged",
    ),
    "a line is not quantity times price": (lambda g: replace_line(g, 2, unit_price=99), "not quantity times price"),
    "lines do not add up": (lambda g: replace_line(g, 2, total_price=150, unit_price=75), "do not add up to its total"),
    "an order was never requested": (
        lambda g: g["orders"].update({5: order(5, 1, 0)}),
        "4 orders were stored, 3 acknowledged",
    ),
    "a transfer is lost": (lambda g: g["transfers"].pop(2), "0 transfers were stored, 1 acknowledged"),
    "money is created": (lambda g: g["balances"].update({2: 731}), "account 2 has 1 cents too many"),
    "money is lost": (lambda g: g["balances"].update({1: 400}), "account 1 has 70 cents too few"),
    "an account is overdrawn": (lambda g: g["balances"].update({1: -1}), "account 1 is overdrawn"),
    "statistics are stale": (lambda g: g.update(totals=totals(BEFORE.orders)), "statistics differ"),
    "a user is missing": (lambda g: g.update(users=set()), "order 1 names user 1, which does not exist"),
    "a line's product is missing": (lambda g: replace_line(g, 2, product_id=9), "order 2 names product 9"),
    "a category is missing": (lambda g: g.update(categories=set()), "product 1 names category 1"),
    "an account is missing": (
        lambda g: g["transfers"].update({2: transfer(2, 1, 8, 30)}),
        "transfer 2 names account 8",
    ),
    "a notified order is missing": (
        lambda g: g["notifications"].update({1: replace(g["notifications"][1], order_id=77)}),
        "notification 1 names order 77",
    ),
}


@pytest.mark.parametrize("discrepancy", DISCREPANCIES)
def test_discrepancy_is_found(discrepancy: str) -> None:
    corrupt, finding = DISCREPANCIES[discrepancy]
    given = rows_after()
    corrupt(given)
    assert finding in "\n".join(find_discrepancies(BEFORE, snapshot(**given), acknowledged()))


def test_unanswered_change_may_be_stored_or_not() -> None:
    given, changes = rows_after(), acknowledged()
    given["orders"][5] = order(5, 1, 1)
    given["products"][1] = product(1, 10 - 2 + 5 - 1 + 6)
    given["orders"][2] = order(2, 1, 2, OrderStatus.CONFIRMED)
    changes.unanswered["orders"] = 1
    changes.unanswered_restocks[1] = 6
    changes.unanswered_orders.add(2)
    assert find_discrepancies(BEFORE, snapshot(**given), changes) == []
    changes.unanswered_restocks[1] = 5
    assert find_discrepancies(BEFORE, snapshot(**given), changes) == [
        "stock is not conserved: product 1 has 6 pieces too many",
    ]


def test_many_discrepancies_are_summarized() -> None:
    after = snapshot(users=set(), orders={key: order(key, 1, 0) for key in range(1, 10)})
    found = find_discrepancies(BEFORE, after, AcknowledgedChanges())
    [orphans] = [finding for finding in found if finding.startswith("references are dangling")]
    assert orphans.count("names user") == 3
    assert orphans.endswith("and 6 more")

"""The audit: books that add up pass, and each way of being wrong is found by name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from compare.audit import findings
from compare.books import Books
from compare.ledger import Ledger
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
    item = OrderItem(product_id=product_id, quantity=quantity, unit_price=100, total_price=100 * quantity)
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


def transfer(key: int, giver: int, taker: int, amount: int) -> Transfer:
    return Transfer(id=key, from_account_id=giver, to_account_id=taker, amount=amount, created_at=AT)


def books(**changes: Any) -> Books:
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
    return Books(**given)


def totals(orders: dict[int, Order]) -> dict[OrderStatus, tuple[int, int]]:
    return {
        status: (len(found), sum(order.total_amount for order in found))
        for status in OrderStatus
        if (found := [order for order in orders.values() if order.status is status])
    }


BEFORE = books()


def traded() -> dict[str, Any]:
    """After three orders, one of them paid and one cancelled; a new product, pieces put in stock, and a transfer."""
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


def ledger() -> Ledger:
    kept = Ledger()
    for key, product_id, quantity in ((2, 1, 2), (3, 2, 1), (4, 2, 4)):
        draft = OrderDraft(user_id=1, items=[OrderItemDraft(product_id=product_id, quantity=quantity)])
        kept.orders[key] = (draft, 100 * quantity)
    kept.paid.add(3)
    kept.cancelled.add(4)
    kept.notified.add(1)
    kept.products[3] = ProductDraft(name="Product 3", sku="P-3", price=100, stock_quantity=7)
    kept.restocked[1] = 5
    kept.transfers.append(TransferDraft(from_account_id=1, to_account_id=2, amount=30))
    return kept


def test_books_that_add_up_pass() -> None:
    assert findings(BEFORE, BEFORE, Ledger()) == []
    assert findings(BEFORE, books(**traded()), ledger()) == []


def lines(given: dict[str, Any], key: int, **changes: Any) -> None:
    given["orders"][key] = replace(given["orders"][key], items=[replace(given["orders"][key].items[0], **changes)])


WRONGS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a piece is lost": (lambda g: g["products"].update({2: product(2, 18)}), "product 2 has 1 pieces too few"),
    "a piece is made": (lambda g: g["products"].update({1: product(1, 14)}), "product 1 has 1 pieces too many"),
    "stock is below zero": (lambda g: g["products"].update({3: product(3, -1)}), "product 3 has -1 pieces"),
    "a product is lost": (lambda g: g["products"].pop(3), "product 3 is gone"),
    "an order is lost": (lambda g: g["orders"].pop(2), "order 2 is gone"),
    "an old order changed": (
        lambda g: g["orders"].update({1: order(1, 1, 3, OrderStatus.SHIPPED)}),
        "order 1, which nobody touched, has changed",
    ),
    "an order has other lines": (lambda g: lines(g, 2, product_id=2), "order 2 has other lines"),
    "an order has another total": (
        lambda g: g["orders"].update({2: replace(g["orders"][2], total_amount=1)}),
        "order 2 has another user or total",
    ),
    "a payment is lost": (
        lambda g: g["orders"].update({3: order(3, 2, 1)}),
        "order 3 is pending, and confirmed was told",
    ),
    "a cancellation is lost": (
        lambda g: g["orders"].update({4: order(4, 2, 4)}),
        "order 4 is pending, and cancelled was told",
    ),
    "a line is not quantity times price": (lambda g: lines(g, 2, unit_price=99), "not quantity times price"),
    "lines do not add up": (lambda g: lines(g, 2, total_price=150, unit_price=75), "do not add up to its total"),
    "an order comes from nowhere": (
        lambda g: g["orders"].update({5: order(5, 1, 0)}),
        "4 orders were stored, 3 acknowledged",
    ),
    "a transfer is lost": (lambda g: g["transfers"].pop(2), "0 transfers were stored, 1 acknowledged"),
    "money is made": (lambda g: g["balances"].update({2: 731}), "account 2 has 1 cents too many"),
    "money is lost": (lambda g: g["balances"].update({1: 400}), "account 1 has 70 cents too few"),
    "an account is overdrawn": (lambda g: g["balances"].update({1: -1}), "account 1 is overdrawn"),
    "statistics are stale": (lambda g: g.update(totals=totals(BEFORE.orders)), "statistics differ"),
    "a user is missing": (lambda g: g.update(users=set()), "order 1 names user 1, which does not exist"),
    "a line's product is missing": (lambda g: lines(g, 2, product_id=9), "order 2 names product 9"),
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


@pytest.mark.parametrize("wrong", WRONGS)
def test_what_is_wrong_is_found(wrong: str) -> None:
    corrupt, finding = WRONGS[wrong]
    given = traded()
    corrupt(given)
    assert finding in "\n".join(findings(BEFORE, books(**given), ledger()))


def test_what_got_no_answer_may_have_been_done_or_not() -> None:
    given, kept = traded(), ledger()
    given["orders"][5] = order(5, 1, 1)
    given["products"][1] = product(1, 10 - 2 + 5 - 1 + 6)
    given["orders"][2] = order(2, 1, 2, OrderStatus.CONFIRMED)
    kept.doubtful["orders"] = 1
    kept.perhaps_restocked[1] = 6
    kept.unsettled.add(2)
    assert findings(BEFORE, books(**given), kept) == []
    kept.perhaps_restocked[1] = 5
    assert findings(BEFORE, books(**given), kept) == [
        "stock is not conserved: product 1 has 6 pieces too many",
    ]


def test_many_wrongs_are_told_by_a_few_examples() -> None:
    found = findings(BEFORE, books(users=set(), orders={key: order(key, 1, 0) for key in range(1, 10)}), Ledger())
    [orphans] = [finding for finding in found if finding.startswith("references lead nowhere")]
    assert orphans.count("names user") == 3
    assert orphans.endswith("and 6 more")

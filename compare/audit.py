"""Checks a store after a workload: stock, orders, money, statistics and references must be consistent."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from itertools import chain

from compare.acknowledged import AcknowledgedChanges
from compare.snapshot import StoreSnapshot
from core.entities import Order, OrderStatus

_MAX_EXAMPLES = 3


def find_discrepancies(before: StoreSnapshot, after: StoreSnapshot, changes: AcknowledgedChanges) -> list[str]:
    """A sentence for each kind of discrepancy; empty where there is none.

    Args:
        before: the store before the first request.
        after: the store after the last request has ended.
        changes: what was acknowledged in between, and what got no answer.
    """
    checks = {
        "stock is not conserved": _check_stock(before, after, changes),
        "orders are not as acknowledged": _check_orders(before, after, changes),
        "orders do not add up": chain(*map(_check_sums, after.orders.values())),
        "rows were stored without a request": _check_counts(before, after, changes),
        "money is not conserved": _check_balances(before, after),
        "statistics differ from the orders": _check_statistics(after),
        "references are dangling": _check_references(after),
    }
    found = {title: list(discrepancies) for title, discrepancies in checks.items()}
    return [f"{title}: {_summarize(discrepancies)}" for title, discrepancies in found.items() if discrepancies]


def _summarize(discrepancies: list[str]) -> str:
    more = len(discrepancies) - _MAX_EXAMPLES
    return "; ".join(discrepancies[:_MAX_EXAMPLES]) + (f"; and {more} more" if more > 0 else "")


def _check_stock(before: StoreSnapshot, after: StoreSnapshot, changes: AcknowledgedChanges) -> Iterator[str]:
    """Pieces in stock and pieces sold, together, change by restocking alone."""
    sold_before, sold_after = before.sold_pieces(), after.sold_pieces()
    supplied = {key: product.stock_quantity + sold_before[key] for key, product in before.products.items()}
    supplied |= {key: draft.stock_quantity for key, draft in changes.products.items()}
    for key, pieces in supplied.items():
        product = after.products.get(key)
        if product is None:
            yield f"product {key} is missing"
            continue
        surplus = product.stock_quantity + sold_after[key] - pieces - changes.restocked[key]
        if not 0 <= surplus <= changes.unanswered_restocks.get(key, 0):
            yield f"product {key} has {abs(surplus)} pieces {'too many' if surplus > 0 else 'too few'}"
        if product.stock_quantity < 0:
            yield f"product {key} has {product.stock_quantity} pieces"


def _check_orders(before: StoreSnapshot, after: StoreSnapshot, changes: AcknowledgedChanges) -> Iterator[str]:
    for key, order in before.orders.items():
        if after.orders.get(key) != order:
            yield f"order {key}, which no request changed, has changed or is missing"
    for key, (draft, total) in changes.orders.items():
        stored = after.orders.get(key)
        if stored is None:
            yield f"order {key} is missing"
            continue
        lines = [(line.product_id, line.quantity) for line in draft.items]
        if [(item.product_id, item.quantity) for item in stored.items] != lines:
            yield f"order {key} has other lines"
        if (stored.user_id, stored.total_amount) != (draft.user_id, total):
            yield f"order {key} has another user or total"
        expected = _expected_status(key, changes)
        if key not in changes.unanswered_orders and stored.status is not expected:
            yield f"order {key} is {stored.status.value}, but {expected.value} was acknowledged"


def _expected_status(key: int, changes: AcknowledgedChanges) -> OrderStatus:
    if key in changes.cancelled:
        return OrderStatus.CANCELLED
    return OrderStatus.CONFIRMED if key in changes.paid else OrderStatus.PENDING


def _check_sums(order: Order) -> Iterator[str]:
    if sum(item.total_price for item in order.items) != order.total_amount:
        yield f"the lines of order {order.id} do not add up to its total"
    if any(item.quantity * item.unit_price != item.total_price for item in order.items):
        yield f"a line of order {order.id} is not quantity times price"


def _check_counts(before: StoreSnapshot, after: StoreSnapshot, changes: AcknowledgedChanges) -> Iterator[str]:
    """Only a request without an answer may have stored a row that was not acknowledged."""
    counts = {
        "orders": (len(after.orders) - len(before.orders), len(changes.orders)),
        "transfers": (len(after.transfers) - len(before.transfers), len(changes.transfers)),
        "products": (len(after.products) - len(before.products), len(changes.products)),
    }
    for kind, (stored, acknowledged) in counts.items():
        if not acknowledged <= stored <= acknowledged + changes.unanswered[kind]:
            yield f"{stored} {kind} were stored, {acknowledged} acknowledged"


def _check_balances(before: StoreSnapshot, after: StoreSnapshot) -> Iterator[str]:
    """Balances change by the recorded transfers alone."""
    moved: Counter[int] = Counter()
    for key in after.transfers.keys() - before.transfers.keys():
        transfer = after.transfers[key]
        moved[transfer.from_account_id] -= transfer.amount
        moved[transfer.to_account_id] += transfer.amount
    for key, balance in after.balances.items():
        surplus = balance - before.balances[key] - moved[key]
        if surplus:
            yield f"account {key} has {abs(surplus)} cents {'too many' if surplus > 0 else 'too few'}"
        if balance < 0:
            yield f"account {key} is overdrawn"


def _check_statistics(after: StoreSnapshot) -> Iterator[str]:
    for status in OrderStatus:
        amounts = [order.total_amount for order in after.orders.values() if order.status is status]
        if after.totals.get(status, (0, 0)) != (len(amounts), sum(amounts)):
            yield f"{status.value}: {after.totals.get(status)} for {(len(amounts), sum(amounts))}"


def _check_references(after: StoreSnapshot) -> Iterator[str]:
    for order in after.orders.values():
        yield from _dangling(f"order {order.id}", "user", [order.user_id], after.users)
        yield from _dangling(f"order {order.id}", "product", {i.product_id for i in order.items}, after.products)
    for product in after.products.values():
        named = [] if product.category_id is None else [product.category_id]
        yield from _dangling(f"product {product.id}", "category", named, after.categories)
    for transfer in after.transfers.values():
        named = [transfer.from_account_id, transfer.to_account_id]
        yield from _dangling(f"transfer {transfer.id}", "account", named, after.balances)
    for notification in after.notifications.values():
        named = [] if notification.order_id is None else [notification.order_id]
        yield from _dangling(f"notification {notification.id}", "order", named, after.orders)


def _dangling(referrer: str, kind: str, named: Iterable[int], existing: Container[int]) -> Iterator[str]:
    for key in named:
        if key not in existing:
            yield f"{referrer} names {kind} {key}, which does not exist"

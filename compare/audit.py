"""Whether the books add up after trade: a fast storage that loses something is not fast but wrong."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from itertools import chain

from compare.books import Books
from compare.ledger import Ledger
from core.entities import Order, OrderStatus

_EXAMPLES = 3


def findings(before: Books, after: Books, ledger: Ledger) -> list[str]:
    """What is wrong, a sentence each; empty where everything adds up.

    Args:
        before: the books when nothing had been asked yet.
        after: the books when every request had ended.
        ledger: what was acknowledged in between, and what got no answer.
    """
    checks = {
        "stock is not conserved": _stock(before, after, ledger),
        "acknowledged orders are not as they were told": _kept(before, after, ledger),
        "orders do not add up": chain(*map(_sums, after.orders.values())),
        "orders or transfers came from nowhere": _uncalled(before, after, ledger),
        "money is not conserved": _money(before, after),
        "statistics differ from the orders": _statistics(after),
        "references lead nowhere": _orphans(after),
    }
    told = {what: list(found) for what, found in checks.items()}
    return [f"{what}: {_some(found)}" for what, found in told.items() if found]


def _some(found: list[str]) -> str:
    more = len(found) - _EXAMPLES
    return "; ".join(found[:_EXAMPLES]) + (f"; and {more} more" if more > 0 else "")


def _stock(before: Books, after: Books, ledger: Ledger) -> Iterator[str]:
    """Pieces in stock and pieces sold, together, change by what was put in stock and by nothing else."""
    sold_before, sold_after = before.sold(), after.sold()
    put_in = {key: product.stock_quantity + sold_before[key] for key, product in before.products.items()}
    put_in |= {key: draft.stock_quantity for key, draft in ledger.products.items()}
    for key, pieces in put_in.items():
        product = after.products.get(key)
        if product is None:
            yield f"product {key} is gone"
            continue
        surplus = product.stock_quantity + sold_after[key] - pieces - ledger.restocked[key]
        if not 0 <= surplus <= ledger.perhaps_restocked.get(key, 0):
            yield f"product {key} has {abs(surplus)} pieces {'too many' if surplus > 0 else 'too few'}"
        if product.stock_quantity < 0:
            yield f"product {key} has {product.stock_quantity} pieces"


def _kept(before: Books, after: Books, ledger: Ledger) -> Iterator[str]:
    for key, order in before.orders.items():
        if after.orders.get(key) != order:
            yield f"order {key}, which nobody touched, has changed or is gone"
    for key, (draft, total) in ledger.orders.items():
        stored = after.orders.get(key)
        if stored is None:
            yield f"order {key} is gone"
            continue
        lines = [(line.product_id, line.quantity) for line in draft.items]
        if [(item.product_id, item.quantity) for item in stored.items] != lines:
            yield f"order {key} has other lines"
        if (stored.user_id, stored.total_amount) != (draft.user_id, total):
            yield f"order {key} has another user or total"
        if key not in ledger.unsettled and stored.status is not _status(key, ledger):
            yield f"order {key} is {stored.status.value}, and {_status(key, ledger).value} was told"


def _status(key: int, ledger: Ledger) -> OrderStatus:
    if key in ledger.cancelled:
        return OrderStatus.CANCELLED
    return OrderStatus.CONFIRMED if key in ledger.paid else OrderStatus.PENDING


def _sums(order: Order) -> Iterator[str]:
    if sum(item.total_price for item in order.items) != order.total_amount:
        yield f"the lines of order {order.id} do not add up to its total"
    if any(item.quantity * item.unit_price != item.total_price for item in order.items):
        yield f"a line of order {order.id} is not quantity times price"


def _uncalled(before: Books, after: Books, ledger: Ledger) -> Iterator[str]:
    """Only requests without an answer may have done what was not told."""
    told = {
        "orders": (len(after.orders) - len(before.orders), len(ledger.orders)),
        "transfers": (len(after.transfers) - len(before.transfers), len(ledger.transfers)),
        "products": (len(after.products) - len(before.products), len(ledger.products)),
    }
    for what, (stored, acknowledged) in told.items():
        if not acknowledged <= stored <= acknowledged + ledger.doubtful[what]:
            yield f"{stored} {what} were stored, {acknowledged} acknowledged"


def _money(before: Books, after: Books) -> Iterator[str]:
    """Money moves by transfers, and none is made or lost."""
    moved: Counter[int] = Counter()
    for key in after.transfers.keys() - before.transfers.keys():
        transfer = after.transfers[key]
        moved[transfer.from_account_id] -= transfer.amount
        moved[transfer.to_account_id] += transfer.amount
    for key, balance in after.balances.items():
        astray = balance - before.balances[key] - moved[key]
        if astray:
            yield f"account {key} has {abs(astray)} cents {'too many' if astray > 0 else 'too few'}"
        if balance < 0:
            yield f"account {key} is overdrawn"


def _statistics(after: Books) -> Iterator[str]:
    for status in OrderStatus:
        amounts = [order.total_amount for order in after.orders.values() if order.status is status]
        if after.totals.get(status, (0, 0)) != (len(amounts), sum(amounts)):
            yield f"{status.value}: {after.totals.get(status)} for {(len(amounts), sum(amounts))}"


def _orphans(after: Books) -> Iterator[str]:
    for order in after.orders.values():
        yield from _missing(f"order {order.id}", "user", [order.user_id], after.users)
        yield from _missing(f"order {order.id}", "product", {i.product_id for i in order.items}, after.products)
    for product in after.products.values():
        wanted = [] if product.category_id is None else [product.category_id]
        yield from _missing(f"product {product.id}", "category", wanted, after.categories)
    for transfer in after.transfers.values():
        ends = (transfer.from_account_id, transfer.to_account_id)
        yield from _missing(f"transfer {transfer.id}", "account", ends, after.balances)
    for notification in after.notifications.values():
        wanted = [] if notification.order_id is None else [notification.order_id]
        yield from _missing(f"notification {notification.id}", "order", wanted, after.orders)


def _missing(whose: str, what: str, wanted: Iterable[int], there: Container[int]) -> Iterator[str]:
    for key in wanted:
        if key not in there:
            yield f"{whose} names {what} {key}, which does not exist"

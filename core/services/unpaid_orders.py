"""Unpaid orders: cancelled some time after they were placed, so that their pieces can be sold again."""

import logging
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial

from core import clock
from core.entities import OrderStatus
from core.errors import BusinessRuleViolation, NotFound
from core.services.orders import restock
from core.services.periodic import repeated
from core.services.versioning import save_changes
from core.storage import OrderFilter, PageRequest, SortKind, SortOrder, Storage, Transaction

SWEEP_SECONDS = 60.0
"""Seconds between two sweeps at most."""

_OLDEST_FIRST = SortOrder("created_at", SortKind.TIME, descending=False)
_AT_ONCE = 100

_log = logging.getLogger(__name__)


def cancel_unpaid_periodically(storage: Storage, seconds: int) -> AbstractAsyncContextManager[None]:
    """Cancel orders that are unpaid for so many seconds, again and again while the context is open; 0 for never."""
    if not seconds:
        return nullcontext()
    sweep = partial(cancel_unpaid, storage, timedelta(seconds=seconds))
    return repeated(sweep, min(SWEEP_SECONDS, seconds), "unpaid orders could not be cancelled")


async def cancel_unpaid(storage: Storage, lifetime: timedelta) -> int:
    """Cancel the orders that are pending for longer than ``lifetime``; how many there were.

    Several processes may do so at once: an order is cancelled under its lock, so its stock is restored once.
    """
    latest, cancelled = clock.now() - lifetime, 0
    page_request = PageRequest(_OLDEST_FIRST, _AT_ONCE, page=None)
    while True:
        page = await storage.orders.page(OrderFilter(status=OrderStatus.PENDING), page_request)
        for order in page.items:
            if order.created_at > latest:
                return cancelled
            cancelled += await _cancel(storage, order.id)
        if not page.has_more:
            return cancelled
        page_request = replace(page_request, after=(page.items[-1].created_at, page.items[-1].id))


async def _cancel(storage: Storage, id: int) -> bool:
    """Whether the order was still pending, and is cancelled now."""

    async def work(tx: Transaction) -> bool:
        order = await tx.orders.lock(id)
        if order.status is not OrderStatus.PENDING:
            return False
        await restock(tx, [order])
        await save_changes(tx.orders, order, {"status": OrderStatus.CANCELLED})
        return True

    try:
        return await storage.run(work)
    except NotFound:
        return False
    except BusinessRuleViolation as error:
        _log.warning("unpaid order %d could not be cancelled: %s", id, error.code)
        return False

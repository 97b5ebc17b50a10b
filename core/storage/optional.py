"""A unit of work with a part that may fail alone, on storages with savepoints and without."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.errors import StockroomError, TransientConflict, Unavailable
from core.storage.storage import Storage, Transaction

T = TypeVar("T")

logger = logging.getLogger(__name__)


async def run_with_optional(
    storage: Storage,
    work: Callable[[Transaction], Awaitable[T]],
    optional: Callable[[Transaction, T], Awaitable[object]],
    describe: Callable[[T], str],
) -> T:
    """What ``work`` returns, once it is committed. A failure of ``optional`` alone is logged, in words of ``describe``.

    With savepoints both are one unit of work. Without, ``optional`` is a second one after that of ``work``, and is lost
    if the process ends in between.
    """
    if storage.capabilities.savepoints:
        return await storage.run(lambda tx: _run_both(tx, work, optional, describe))
    outcome = await storage.run(work)
    try:
        await storage.run(lambda tx: optional(tx, outcome))
    except StockroomError:
        _log_failure(describe(outcome))
    return outcome


async def _run_both(
    tx: Transaction,
    work: Callable[[Transaction], Awaitable[T]],
    optional: Callable[[Transaction, T], Awaitable[object]],
    describe: Callable[[T], str],
) -> T:
    outcome = await work(tx)
    try:
        async with tx.savepoint():
            await optional(tx, outcome)
    except (TransientConflict, Unavailable):
        raise  # the whole unit of work runs again, or fails
    except StockroomError:
        _log_failure(describe(outcome))
    return outcome


def _log_failure(name: str) -> None:
    logger.warning("%s failed; the rest is kept", name, exc_info=True)

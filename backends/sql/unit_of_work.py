"""A unit of work: its repositories, and how it ends.

It sends its own BEGIN and COMMIT, in the words of the dialect: every round trip is a statement that can be counted, and
a COMMIT can fail like any other.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from typing import TypeVar

from typing_extensions import override

from backends.sql.errors import Disconnected, NotWritable
from backends.sql.executor import UnitOfWorkExecutor
from backends.sql.repositories.accounts import ACCOUNTS, SqlAccountRepository
from backends.sql.repositories.categories import CATEGORIES, SqlCategoryRepository
from backends.sql.repositories.entities import SqlEntityRepository, mapping_of
from backends.sql.repositories.expiring import SqlExpiringEntryRepository
from backends.sql.repositories.notifications import NOTIFICATIONS, SqlNotificationRepository
from backends.sql.repositories.orders import ORDERS, SqlOrderRepository
from backends.sql.repositories.posts import POSTS, SqlPostRepository
from backends.sql.repositories.products import PRODUCTS, SqlProductRepository
from backends.sql.repositories.tags import TAGS, SqlTagRepository
from backends.sql.repositories.users import USERS, SqlUserRepository
from core.entities import EntityType
from core.errors import TransientConflict, Unavailable
from core.storage import Transaction

T = TypeVar("T")
E = TypeVar("E")

logger = logging.getLogger(__name__)


class SqlTransaction(Transaction):
    """The repositories of a unit of work. Each is made when it is first used: few are."""

    def __init__(self, executor: UnitOfWorkExecutor) -> None:
        self._executor = executor

    users = cached_property(lambda self: SqlUserRepository(USERS, self._executor))
    posts = cached_property(lambda self: SqlPostRepository(POSTS, self._executor))
    tags = cached_property(lambda self: SqlTagRepository(TAGS, self._executor))
    categories = cached_property(lambda self: SqlCategoryRepository(CATEGORIES, self._executor))
    products = cached_property(lambda self: SqlProductRepository(PRODUCTS, self._executor))
    orders = cached_property(lambda self: SqlOrderRepository(ORDERS, self._executor))
    accounts = cached_property(lambda self: SqlAccountRepository(ACCOUNTS, self._executor))
    notifications = cached_property(lambda self: SqlNotificationRepository(NOTIFICATIONS, self._executor))
    expiring = cached_property(lambda self: SqlExpiringEntryRepository(self._executor))

    @override
    def entities(self, entity_type: EntityType[E]) -> SqlEntityRepository[E]:
        return SqlEntityRepository(mapping_of(entity_type), self._executor)

    @override
    def savepoint(self) -> AbstractAsyncContextManager[None]:
        return self._executor.savepoint()


async def run_unit_of_work(executor: UnitOfWorkExecutor, begin: str, work: Callable[[Transaction], Awaitable[T]]) -> T:
    """What ``work`` returns, once it is committed.

    Raises:
        TransientConflict: the connection was lost before the commit, so nothing was kept.
    """
    try:
        outcome = await _run_until_commit(executor, begin, work)
        await _commit(executor)
    except BaseException:
        await asyncio.shield(_roll_back(executor))
        raise
    finally:
        executor.end()
    return outcome


async def _commit(executor: UnitOfWorkExecutor) -> None:
    """Commit; where the server turned read-only at that moment, the outcome is not certain, so nothing runs again."""
    try:
        await executor.commit()
    except NotWritable as refused:
        raise Unavailable from refused


async def _run_until_commit(executor: UnitOfWorkExecutor, begin: str, work: Callable[[Transaction], Awaitable[T]]) -> T:
    try:
        await executor.begin(begin)
        outcome = await work(SqlTransaction(executor))
        executor.check_intact()
        return outcome
    except Disconnected as lost:
        raise TransientConflict from lost


async def _roll_back(executor: UnitOfWorkExecutor) -> None:
    if executor.is_lost:
        return
    try:
        await executor.roll_back()
    except Exception:
        logger.warning("rollback failed; the connection is thrown away", exc_info=True)
        await executor.discard()

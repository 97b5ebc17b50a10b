"""Row-level visibility: entities that the user may not see raise NotFound.

Decided on the entities as they are read, and on those that are changed once they are locked, so that it costs no round
trip and no other transaction can come in between. The error is the one for an entity that does not exist.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from typing_extensions import override

from api.auth.restricted_payments import AddOnly, VisiblePayments
from api.auth.restricted_repositories import (
    NO_USER_ID,
    OrderGuard,
    RestrictedAccounts,
    RestrictedNotifications,
    RestrictedOrders,
    RestrictedPosts,
    VisibleAccounts,
    VisibleNotifications,
    VisibleOrders,
    VisiblePosts,
    denied,
)
from core.entities import ENTITY_TYPES, PAYMENT, USER, EntityType, User, VersionedEntity
from core.storage import Storage, Transaction
from core.storage.delegating import DelegatingStorage, DelegatingTransaction
from core.storage.repositories import (
    AccountReader,
    AccountRepository,
    EntityReader,
    EntityRepository,
    NotificationReader,
    NotificationRepository,
    OrderReader,
    OrderRepository,
    PostReader,
    PostRepository,
)

T = TypeVar("T")
V = TypeVar("V", bound=VersionedEntity)


def _require_public(entity_type: EntityType[Any]) -> None:
    """Deny entities that belong to a user, unless a repository of restricted_repositories shows the user's own."""
    if ENTITY_TYPES.belongs_to(entity_type, USER):
        raise denied(f"entities({entity_type.name})")


class _RestrictedTransaction(DelegatingTransaction):
    def __init__(self, transaction: Transaction, user_id: int, order_guard: OrderGuard | None) -> None:
        super().__init__(transaction)
        self._user_id, self._order_guard = user_id, order_guard

    @property
    @override
    def posts(self) -> PostRepository:
        return RestrictedPosts(self._transaction.posts, self._user_id)

    @property
    @override
    def orders(self) -> OrderRepository:
        return RestrictedOrders(self._transaction.orders, self._user_id, self._order_guard)

    @property
    @override
    def accounts(self) -> AccountRepository:
        return RestrictedAccounts(self._transaction.accounts, self._user_id)

    @property
    @override
    def notifications(self) -> NotificationRepository:
        return RestrictedNotifications(self._transaction.notifications, self._user_id)

    @override
    def entities(self, entity_type: EntityType[V]) -> EntityRepository[V]:
        if entity_type is PAYMENT:
            return AddOnly(self._transaction.entities(entity_type))
        _require_public(entity_type)
        return self._transaction.entities(entity_type)


class RestrictedStorage(DelegatingStorage):
    """A storage in which only what a user may see exists.

    Attributes:
        user: None for what is visible to all.
        order_guard: for the orders that the request changes; None for no further restriction.
    """

    def __init__(self, storage: Storage, user: User | None) -> None:
        super().__init__(storage)
        self.user = user
        self._user_id = NO_USER_ID if user is None else user.id
        self.order_guard: OrderGuard | None = None

    @property
    @override
    def posts(self) -> PostReader:
        return VisiblePosts(self._storage.posts, self._user_id)

    @property
    @override
    def orders(self) -> OrderReader:
        return VisibleOrders(self._storage.orders, self._user_id)

    @property
    @override
    def accounts(self) -> AccountReader:
        return VisibleAccounts(self._storage.accounts, self._user_id)

    @property
    @override
    def notifications(self) -> NotificationReader:
        return VisibleNotifications(self._storage.notifications, self._user_id)

    @override
    def entities(self, entity_type: EntityType[V]) -> EntityReader[V]:
        if entity_type is PAYMENT:
            orders = VisibleOrders(self._storage.orders, self._user_id)
            return cast(EntityReader[V], VisiblePayments(self._storage.entities(PAYMENT), orders))
        _require_public(entity_type)
        return self._storage.entities(entity_type)

    @override
    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        guard = self.order_guard
        return await self._storage.run(lambda tx: work(_RestrictedTransaction(tx, self._user_id, guard)))

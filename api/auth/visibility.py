"""Row-level visibility: entities that the user may not see raise NotFound.

Decided on the entities as they are read, and on those that are changed once they are locked, so that it costs no round
trip and no other transaction can come in between. The error is the one for an entity that does not exist.

Each repository below implements its whole protocol, so a new method does not pass the type checker until it is decided
here who may call it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from typing_extensions import override

from core.entities import (
    ENTITY_TYPES,
    PAYMENT,
    USER,
    Account,
    AccountDraft,
    EntityType,
    Notification,
    NotificationDraft,
    Order,
    OrderDetails,
    OrderStatus,
    OrderSummary,
    Post,
    PostDraft,
    PostStatus,
    Tag,
    Transfer,
    TransferDraft,
    User,
    VersionedEntity,
)
from core.errors import Forbidden, NotFound
from core.storage import OrderFilter, Page, PageRequest, PostFilter, Storage, Transaction
from core.storage.delegating import DelegatingStorage, DelegatingTransaction
from core.storage.repositories import (
    AccountReader,
    AccountRepository,
    EntityReader,
    EntityRepository,
    NewOrder,
    NotificationReader,
    NotificationRepository,
    OrderReader,
    OrderRepository,
    PostReader,
    PostRepository,
)

OrderGuard = Callable[[Order], None]
"""Called with every order that is locked to be changed; raises where the user may not change it."""

_NO_USER_ID = 0  # ids start at 1


class _Owned(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def user_id(self) -> int: ...


T = TypeVar("T")
E = TypeVar("E")
V = TypeVar("V", bound=VersionedEntity)
OwnedT = TypeVar("OwnedT", bound=_Owned)


def _require_own(entity: str, found: OwnedT, user_id: int) -> OwnedT:
    if found.user_id != user_id:
        raise NotFound(entity, found.id)
    return found


def _denied(what: str) -> PermissionError:
    """Raised where an endpoint's permission lets through what no user may do: a bug, answered 500."""
    return PermissionError(f"{what} is not allowed in a restricted storage")


class _VisibleOrders(OrderReader):
    def __init__(self, orders: OrderReader, user_id: int) -> None:
        self._reader, self._user_id = orders, user_id

    @override
    async def get(self, id: int) -> Order:
        return _require_own("order", await self._reader.get(id), self._user_id)

    @override
    async def details(self, id: int) -> OrderDetails:
        return _require_own("order", await self._reader.details(id), self._user_id)

    @override
    async def page(self, filter: OrderFilter, page_request: PageRequest) -> Page[OrderSummary]:
        is_own = filter.user_id in (None, self._user_id)
        return await self._reader.page(replace(filter, user_id=self._user_id if is_own else _NO_USER_ID), page_request)

    @override
    async def totals_by_status(self) -> dict[OrderStatus, tuple[int, int]]:
        raise _denied("orders.totals_by_status")


class _RestrictedOrders(_VisibleOrders, OrderRepository):
    def __init__(self, orders: OrderRepository, user_id: int, guard: OrderGuard | None) -> None:
        super().__init__(orders, user_id)
        self._orders, self._guard = orders, guard

    @override
    async def add(self, order: NewOrder, at: datetime) -> Order:
        if order.user_id != self._user_id:
            raise _denied("orders.add for another user")
        return await self._orders.add(order, at)

    @override
    async def lock(self, id: int) -> Order:
        order = _require_own("order", await self._orders.lock(id), self._user_id)
        if self._guard is not None:
            self._guard(order)
        return order

    @override
    async def save(self, entity: OrderSummary) -> None:
        await self._orders.save(entity)  # locked before


class _VisibleAccounts(AccountReader):
    def __init__(self, accounts: AccountReader, user_id: int) -> None:
        self._reader, self._user_id = accounts, user_id

    @override
    async def get(self, id: int) -> Account:
        return _require_own("account", await self._reader.get(id), self._user_id)

    @override
    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        await self.get(account_id)  # one round trip more than unrestricted: transfers do not hold the account's user
        return await self._reader.transfers(account_id, page_request)


class _RestrictedAccounts(_VisibleAccounts, AccountRepository):
    def __init__(self, accounts: AccountRepository, user_id: int) -> None:
        super().__init__(accounts, user_id)
        self._accounts = accounts

    @override
    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        if draft.user_id != self._user_id or draft.balance:
            raise _denied("accounts.add for another user or with a balance")
        return await self._accounts.add(draft, at)

    @override
    async def lock(self, id: int) -> Account:
        raise _denied("accounts.lock")

    @override
    async def save(self, entity: Account) -> None:
        raise _denied("accounts.save")

    @override
    async def lock_many(self, ids: Sequence[int]) -> dict[int, Account]:
        return await self._accounts.lock_many(ids)  # ``checks.source_account_is_own`` has read the source

    @override
    async def adjust_balances(self, changes: Mapping[int, int], at: datetime) -> None:
        await self._accounts.adjust_balances(changes, at)  # likewise

    @override
    async def add_transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        return await self._accounts.add_transfer(draft, at)  # likewise


class _VisibleNotifications(NotificationReader):
    def __init__(self, notifications: NotificationReader, user_id: int) -> None:
        self._reader, self._user_id = notifications, user_id

    @override
    async def get(self, id: int) -> Notification:
        return _require_own("notification", await self._reader.get(id), self._user_id)

    @override
    async def page(self, user_id: int, page_request: PageRequest) -> Page[Notification]:
        if user_id != self._user_id:
            raise _denied("notifications.page of another user")
        return await self._reader.page(user_id, page_request)


class _RestrictedNotifications(_VisibleNotifications, NotificationRepository):
    def __init__(self, notifications: NotificationRepository, user_id: int) -> None:
        super().__init__(notifications, user_id)
        self._notifications = notifications

    @override
    async def add(self, drafts: Sequence[NotificationDraft], at: datetime) -> list[Notification]:
        if any(draft.user_id != self._user_id for draft in drafts):
            raise _denied("notifications.add for another user")
        return await self._notifications.add(drafts, at)

    @override
    async def lock(self, id: int) -> Notification:
        return _require_own("notification", await self._notifications.lock(id), self._user_id)

    @override
    async def save(self, entity: Notification) -> None:
        await self._notifications.save(entity)  # locked before

    @override
    async def delete(self, id: int, at: datetime) -> None:
        raise _denied("notifications.delete")


class _VisiblePosts(PostReader):
    """Published posts, and to read the user's own."""

    def __init__(self, posts: PostReader, user_id: int) -> None:
        self._reader, self._user_id = posts, user_id

    @override
    async def get(self, id: int) -> Post:
        return self._require_visible(await self._reader.get(id))

    @override
    async def page(self, filter: PostFilter, page_request: PageRequest) -> Page[Post]:
        if filter.author_id == self._user_id:
            return await self._reader.page(filter, page_request)
        is_visible = filter.status in (None, PostStatus.PUBLISHED)
        published = replace(
            filter, status=PostStatus.PUBLISHED, author_id=filter.author_id if is_visible else _NO_USER_ID
        )
        return await self._reader.page(published, page_request)

    def _require_visible(self, post: Post) -> Post:
        if post.status is not PostStatus.PUBLISHED and post.author_id != self._user_id:
            raise NotFound("post", post.id)
        return post


class _RestrictedPosts(_VisiblePosts, PostRepository):
    """Users change a post only by viewing it, which only a published one can be, also by its author."""

    def __init__(self, posts: PostRepository, user_id: int) -> None:
        super().__init__(posts, user_id)
        self._posts = posts

    @override
    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        raise _denied("posts.existing_slugs")

    @override
    async def add(self, draft: PostDraft, tags: Sequence[Tag], published_at: datetime | None, at: datetime) -> Post:
        raise _denied("posts.add")

    @override
    async def lock(self, id: int) -> Post:
        post = self._require_visible(await self._posts.lock(id))
        if post.status is not PostStatus.PUBLISHED:
            raise Forbidden("Only a published post can be viewed.")
        return post

    @override
    async def save(self, entity: Post, tags: Sequence[Tag] | None = None) -> None:
        await self._posts.save(entity, tags)  # locked before

    @override
    async def rename_tag(self, before: Tag, after: Tag, at: datetime) -> None:
        raise _denied("posts.rename_tag")

    @override
    async def delete(self, id: int, at: datetime) -> None:
        raise _denied("posts.delete")


class _AddOnly(EntityRepository[E]):
    """Entities that a user may add, because what they refer to was locked and is its own."""

    def __init__(self, repository: EntityRepository[E]) -> None:
        self._repository = repository

    @override
    async def add(self, drafts: Sequence[object], at: datetime) -> list[E]:
        return await self._repository.add(drafts, at)

    @override
    async def get(self, id: int) -> E:
        raise _denied("get")

    @override
    async def page(self, filter: object, page_request: PageRequest) -> Page[E]:
        raise _denied("page")

    @override
    async def lock(self, id: int) -> E:
        raise _denied("lock")

    @override
    async def save(self, entity: E) -> None:
        raise _denied("save")

    @override
    async def delete(self, id: int, at: datetime) -> None:
        raise _denied("delete")


def _require_public(entity_type: EntityType[Any]) -> None:
    """Deny entities that belong to a user, unless a repository above shows the user's own."""
    if ENTITY_TYPES.belongs_to(entity_type, USER):
        raise _denied(f"entities({entity_type.name})")


class _RestrictedTransaction(DelegatingTransaction):
    def __init__(self, transaction: Transaction, user_id: int, order_guard: OrderGuard | None) -> None:
        super().__init__(transaction)
        self._user_id, self._order_guard = user_id, order_guard

    @property
    @override
    def posts(self) -> PostRepository:
        return _RestrictedPosts(self._transaction.posts, self._user_id)

    @property
    @override
    def orders(self) -> OrderRepository:
        return _RestrictedOrders(self._transaction.orders, self._user_id, self._order_guard)

    @property
    @override
    def accounts(self) -> AccountRepository:
        return _RestrictedAccounts(self._transaction.accounts, self._user_id)

    @property
    @override
    def notifications(self) -> NotificationRepository:
        return _RestrictedNotifications(self._transaction.notifications, self._user_id)

    @override
    def entities(self, entity_type: EntityType[V]) -> EntityRepository[V]:
        if entity_type is PAYMENT:
            return _AddOnly(self._transaction.entities(entity_type))
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
        self._user_id = _NO_USER_ID if user is None else user.id
        self.order_guard: OrderGuard | None = None

    @property
    @override
    def posts(self) -> PostReader:
        return _VisiblePosts(self._storage.posts, self._user_id)

    @property
    @override
    def orders(self) -> OrderReader:
        return _VisibleOrders(self._storage.orders, self._user_id)

    @property
    @override
    def accounts(self) -> AccountReader:
        return _VisibleAccounts(self._storage.accounts, self._user_id)

    @property
    @override
    def notifications(self) -> NotificationReader:
        return _VisibleNotifications(self._storage.notifications, self._user_id)

    @override
    def entities(self, entity_type: EntityType[V]) -> EntityReader[V]:
        _require_public(entity_type)
        return self._storage.entities(entity_type)

    @override
    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        guard = self.order_guard
        return await self._storage.run(lambda tx: work(_RestrictedTransaction(tx, self._user_id, guard)))

"""Repositories in which only what a user may see exists.

Each implements its whole protocol, so a new method does not pass the type checker until it is decided here who may call
it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from typing_extensions import override

from core.entities import (
    Account,
    AccountDraft,
    AccountFilter,
    Notification,
    NotificationDraft,
    Order,
    OrderDetails,
    OrderLine,
    OrderStatus,
    OrderSummary,
    Payment,
    Post,
    PostDraft,
    PostStatus,
    Tag,
    Transfer,
    TransferDraft,
    VersionedEntity,
)
from core.errors import Forbidden, NotFound
from core.storage import OrderFilter, Page, PageRequest, PostFilter
from core.storage.repositories import (
    AccountReader,
    AccountRepository,
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

NO_USER_ID = 0  # ids start at 1


class _Owned(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def user_id(self) -> int: ...


T = TypeVar("T")
V = TypeVar("V", bound=VersionedEntity)
OwnedT = TypeVar("OwnedT", bound=_Owned)


def _require_own(entity: str, found: OwnedT, user_id: int) -> OwnedT:
    if found.user_id != user_id:
        raise NotFound(entity, found.id)
    return found


def denied(what: str) -> RuntimeError:
    """Raised where an endpoint's permission lets through what no user may do: a bug, answered 500."""
    return RuntimeError(f"{what} is not allowed in a restricted storage")


def _require_self(user_ids: Collection[int], user_id: int, what: str) -> None:
    if set(user_ids) != {user_id}:
        raise denied(f"{what} of another user")


class VisibleOrders(OrderReader):
    """The user's own orders."""

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
        return await self._reader.page(replace(filter, user_id=self._user_id if is_own else NO_USER_ID), page_request)

    @override
    async def totals_by_status(self, user_id: int | None = None) -> dict[OrderStatus, tuple[int, int]]:
        raise denied("orders.totals_by_status")


class RestrictedOrders(VisibleOrders, OrderRepository):
    """The user's own orders, in a unit of work."""

    def __init__(self, orders: OrderRepository, user_id: int, guard: OrderGuard | None) -> None:
        super().__init__(orders, user_id)
        self._orders, self._guard = orders, guard

    @override
    async def add(self, order: NewOrder, at: datetime) -> Order:
        if order.user_id != self._user_id:
            raise denied("orders.add for another user")
        return await self._orders.add(order, at)

    @override
    async def lock(self, id: int) -> Order:
        order = _require_own("order", await self._orders.lock(id), self._user_id)
        if self._guard is not None:
            self._guard(order)
        return order

    @override
    async def lock_of_users(self, user_ids: Collection[int], statuses: Collection[OrderStatus]) -> list[Order]:
        _require_self(user_ids, self._user_id, "orders.lock_of_users")
        return await self._orders.lock_of_users(user_ids, statuses)

    @override
    async def clear_addresses(self, user_id: int, at: datetime) -> None:
        _require_self([user_id], self._user_id, "orders.clear_addresses")
        await self._orders.clear_addresses(user_id, at)

    @override
    async def lock_payments(self, order_ids: Collection[int]) -> list[Payment]:
        return await self._orders.lock_payments(order_ids)  # of orders that were locked before

    @override
    async def save(self, entity: OrderSummary, lines: Sequence[OrderLine] | None = None) -> None:
        await self._orders.save(entity, lines)  # locked before


class VisibleAccounts(AccountReader):
    """The user's own accounts."""

    def __init__(self, accounts: AccountReader, user_id: int) -> None:
        self._reader, self._user_id = accounts, user_id

    @override
    async def get(self, id: int) -> Account:
        return _require_own("account", await self._reader.get(id), self._user_id)

    @override
    async def page(self, filter: AccountFilter, page_request: PageRequest) -> Page[Account]:
        is_own = filter.user_id in (None, self._user_id)
        return await self._reader.page(replace(filter, user_id=self._user_id if is_own else NO_USER_ID), page_request)

    @override
    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        await self.get(account_id)  # one round trip more than unrestricted: transfers do not hold the account's user
        return await self._reader.transfers(account_id, page_request)


class RestrictedAccounts(VisibleAccounts, AccountRepository):
    """The user's own accounts, in a unit of work."""

    def __init__(self, accounts: AccountRepository, user_id: int) -> None:
        super().__init__(accounts, user_id)
        self._accounts = accounts

    @override
    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        if draft.user_id != self._user_id or draft.balance:
            raise denied("accounts.add for another user or with a balance")
        return await self._accounts.add(draft, at)

    @override
    async def lock(self, id: int) -> Account:
        return _require_own("account", await self._accounts.lock(id), self._user_id)

    @override
    async def save(self, entity: Account) -> None:
        await self._accounts.save(entity)  # locked before

    @override
    async def delete(self, id: int, at: datetime) -> None:
        await self._accounts.delete(id, at)  # likewise

    @override
    async def lock_many(self, ids: Sequence[int]) -> dict[int, Account]:
        return await self._accounts.lock_many(ids)  # ``checks.source_account_is_own`` has read the source

    @override
    async def lock_of_users(self, user_ids: Collection[int]) -> list[Account]:
        _require_self(user_ids, self._user_id, "accounts.lock_of_users")
        return await self._accounts.lock_of_users(user_ids)

    @override
    async def delete_many(self, ids: Collection[int], at: datetime) -> None:
        await self._accounts.delete_many(ids, at)  # locked before

    @override
    async def adjust_balances(self, changes: Mapping[int, int], at: datetime) -> None:
        await self._accounts.adjust_balances(changes, at)  # likewise

    @override
    async def add_transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        return await self._accounts.add_transfer(draft, at)  # likewise


class VisibleNotifications(NotificationReader):
    """The user's own notifications."""

    def __init__(self, notifications: NotificationReader, user_id: int) -> None:
        self._reader, self._user_id = notifications, user_id

    @override
    async def get(self, id: int) -> Notification:
        return _require_own("notification", await self._reader.get(id), self._user_id)

    @override
    async def page(self, user_id: int, page_request: PageRequest) -> Page[Notification]:
        if user_id != self._user_id:
            raise denied("notifications.page of another user")
        return await self._reader.page(user_id, page_request)


class RestrictedNotifications(VisibleNotifications, NotificationRepository):
    """The user's own notifications, in a unit of work."""

    def __init__(self, notifications: NotificationRepository, user_id: int) -> None:
        super().__init__(notifications, user_id)
        self._notifications = notifications

    @override
    async def add(self, drafts: Sequence[NotificationDraft], at: datetime) -> list[Notification]:
        if any(draft.user_id != self._user_id for draft in drafts):
            raise denied("notifications.add for another user")
        return await self._notifications.add(drafts, at)

    @override
    async def lock(self, id: int) -> Notification:
        return _require_own("notification", await self._notifications.lock(id), self._user_id)

    @override
    async def save(self, entity: Notification) -> None:
        await self._notifications.save(entity)  # locked before

    @override
    async def delete(self, id: int, at: datetime) -> None:
        raise denied("notifications.delete")

    @override
    async def delete_of_user(self, user_id: int, at: datetime) -> None:
        _require_self([user_id], self._user_id, "notifications.delete_of_user")
        await self._notifications.delete_of_user(user_id, at)


class VisiblePosts(PostReader):
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
            filter, status=PostStatus.PUBLISHED, author_id=filter.author_id if is_visible else NO_USER_ID
        )
        return await self._reader.page(published, page_request)

    def _require_visible(self, post: Post) -> Post:
        if post.status is not PostStatus.PUBLISHED and post.author_id != self._user_id:
            raise NotFound("post", post.id)
        return post


class RestrictedPosts(VisiblePosts, PostRepository):
    """Users change a post only by viewing it, which only a published one can be, also by its author."""

    def __init__(self, posts: PostRepository, user_id: int) -> None:
        super().__init__(posts, user_id)
        self._posts = posts

    @override
    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        raise denied("posts.existing_slugs")

    @override
    async def add(self, draft: PostDraft, tags: Sequence[Tag], published_at: datetime | None, at: datetime) -> Post:
        raise denied("posts.add")

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
        raise denied("posts.rename_tag")

    @override
    async def delete(self, id: int, at: datetime) -> None:
        raise denied("posts.delete")

    @override
    async def delete_of_author(self, author_id: int, at: datetime) -> None:
        _require_self([author_id], self._user_id, "posts.delete_of_author")
        await self._posts.delete_of_author(author_id, at)

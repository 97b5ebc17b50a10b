"""What somebody who is no superuser sees of a storage: what is not for it does not exist.

Decided on the entities as they are read, and on those that are changed once they are locked: nobody can come in
between, and it takes no round trip of its own. So a stranger's order is missing in the very same words as one that
nobody ever placed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from core.entities import OrderDetails, OrderSummary, Post, PostStatus, Transfer, User
from core.errors import NotFound
from core.storage import OrderFilter, Page, PageRequest, PostFilter, Storage, Transaction

T = TypeVar("T")

Guard = Callable[[Any], None]
"""Refuses a change of an entity that may be seen; told of the entity once it is locked."""

_NOBODY = 0  # no id is below 1


class _Narrowed:
    """A repository with less in it. Of the whole one's verbs it has no more than those in ``passed`` besides its own.

    Attributes:
        entity: what is missing, in the words of the whole one.
        passed: verbs that need no look, because the entity was locked before, or a row of the table has looked.
    """

    entity = ""
    passed = frozenset({"save"})

    def __init__(self, whole: Any, user: User | None, guard: Guard | None) -> None:
        self._whole, self._user, self._guard = whole, user, guard

    def __getattr__(self, name: str) -> Any:
        if name not in self.passed:
            raise AttributeError(f"{name} of {self.entity} is not narrowed")
        return getattr(self._whole, name)

    async def get(self, id: int) -> Any:
        """The entity with this id."""
        return self._seen(id, await self._whole.get(id))

    async def lock(self, id: int) -> Any:
        """The entity as it is now, to be changed."""
        entity = self._seen(id, await self._whole.lock(id))
        if self._guard is not None:
            self._guard(entity)
        return entity

    def _seen(self, id: int, entity: T) -> T:
        if not self._sees(entity):
            raise NotFound(self.entity, id)
        return entity

    def _sees(self, entity: Any) -> bool:
        return self._user is not None and bool(entity.user_id == self._user.id)


class _OwnNotifications(_Narrowed):
    entity = "notification"


class _OwnAccounts(_Narrowed):
    entity = "account"
    passed = frozenset({"save", "transfer"})

    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        """One round trip more than of the whole: transfers do not say whose they are."""
        await self.get(account_id)
        page: Page[Transfer] = await self._whole.transfers(account_id, page_request)
        return page


class _OwnOrders(_Narrowed):
    entity = "order"

    async def details(self, id: int) -> OrderDetails:
        """An order with its user, lines and products."""
        found: OrderDetails = await self._whole.details(id)
        return self._seen(id, found)

    async def page(self, filter: OrderFilter, page_request: PageRequest) -> Page[OrderSummary]:
        """A page of the user's own; of anybody else's there are none."""
        own = self._user.id if self._user is not None else _NOBODY
        narrowed = replace(filter, user_id=own if filter.user_id in (None, own) else _NOBODY)
        page: Page[OrderSummary] = await self._whole.page(narrowed, page_request)
        return page


class _PublishedPosts(_Narrowed):
    """Those that are published, and to read those that the user has written."""

    entity = "post"

    async def page(self, filter: PostFilter, page_request: PageRequest) -> Page[Post]:
        """A page of the published ones, or of all that the user has written where the filter asks for these."""
        narrowed = filter
        if self._user is None or filter.author_id != self._user.id:
            hidden = filter.status not in (None, PostStatus.PUBLISHED)
            narrowed = replace(filter, status=PostStatus.PUBLISHED, author_id=_NOBODY if hidden else filter.author_id)
        page: Page[Post] = await self._whole.page(narrowed, page_request)
        return page

    def _sees(self, entity: Post) -> bool:
        written = self._user is not None and entity.author_id == self._user.id
        return written or entity.status is PostStatus.PUBLISHED


_KINDS: dict[str, type[_Narrowed]] = {
    "accounts": _OwnAccounts,
    "notifications": _OwnNotifications,
    "orders": _OwnOrders,
    "posts": _PublishedPosts,
}


class _Sight:
    """A storage, or a unit of work, of which one aggregate is narrowed."""

    def __init__(self, whole: Any, aggregate: str, user: User | None, guard: Guard | None) -> None:
        self._whole, self._aggregate, self._user, self._guard = whole, aggregate, user, guard

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        return _KINDS[name](found, self._user, self._guard) if name == self._aggregate else found

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See ``Storage.run``."""

        async def narrowed(tx: Transaction) -> T:
            return await work(cast(Transaction, _Sight(tx, self._aggregate, self._user, self._guard)))

        found: T = await self._whole.run(narrowed)
        return found


def sight(storage: Storage, aggregate: str, user: User | None, guard: Guard | None = None) -> Storage:
    """``storage``, of whose ``aggregate`` only what ``user`` may see exists; ``guard`` is asked before each change."""
    return cast(Storage, _Sight(storage, aggregate, user, guard))

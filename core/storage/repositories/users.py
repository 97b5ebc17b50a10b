"""Users."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.entities import Credentials, TopSpender, User, UserDraft, UserFilter
from core.storage.pages import Page, PageRequest
from core.storage.repositories.repository import Reader


class UserReader(Reader[User], Protocol):
    """Users."""

    async def by_email(self, email: str) -> User:
        """The user with this e-mail address, compared folded."""
        ...

    async def by_username(self, username: str) -> User:
        """The user with this username, compared folded."""
        ...

    async def credentials(self, name: str) -> Credentials | None:
        """The user with this username or, where it has an ``@``, this e-mail address, compared folded."""
        ...

    async def page(self, filter: UserFilter, page_request: PageRequest) -> Page[User]:
        """A page of users."""
        ...

    async def active_count(self) -> int:
        """How many users are active."""
        ...

    async def top_spenders(self, limit: int) -> list[TopSpender]:
        """Users with at least one order that is not cancelled, most spent first, ties by id; at most ``limit``."""
        ...


class UserRepository(UserReader, Protocol):
    """Users in a unit of work. Differs from ``Repository`` by the password hash, which only ever goes in."""

    async def add(self, drafts: Sequence[UserDraft], password_hashes: Sequence[str], at: datetime) -> list[User]:
        """As ``Repository.add``; the n-th hash belongs to the n-th draft."""
        ...

    async def lock(self, id: int) -> User:
        """As ``Repository.lock``."""
        ...

    async def save(self, entity: User, password_hash: str | None = None) -> None:
        """As ``Repository.save``; a hash of None leaves the stored one."""
        ...

    async def delete(self, id: int, at: datetime) -> None:
        """As ``Repository.delete``: posts, orders and notifications go too; StillReferenced while accounts exist."""
        ...

    async def lock_to_delete(self, id: int) -> User:
        """As ``lock``, and no entity can refer to the user anew until the unit of work ends."""
        ...

    async def lock_inactive(self, after: int, most: int) -> list[User]:
        """At most ``most`` inactive users with ids above ``after``, by id, each locked as by ``lock_to_delete``."""
        ...

    async def delete_many(self, ids: Collection[int], at: datetime) -> None:
        """Remove users as ``delete`` does, in as many round trips for many as for one."""
        ...

    async def deactivate_stale(self, before: datetime, at: datetime) -> int:
        """Deactivate the active users last updated before ``before``; their number."""
        ...

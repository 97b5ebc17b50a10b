"""Users."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from typing_extensions import override

from core.entities import ORDER, USER, Credentials, OrderStatus, TopSpender, User, UserDraft, UserFilter
from core.storage import Page, PageRequest
from core.storage.repositories import UserReader, UserRepository
from core.storage.round_trips import record_start
from core.text import fold
from stockroom_memory.pagination import matching, page
from stockroom_memory.repository import MemoryReader, MemoryRepository
from stockroom_memory.unit_of_work import new_version


class MemoryUserReader(MemoryReader[User], UserReader):
    """Users as committed."""

    entity_type = USER

    @override
    async def by_email(self, email: str) -> User:
        return self._by("email", email, folded=True)

    @override
    async def by_username(self, username: str) -> User:
        return self._by("username", username, folded=True)

    @override
    async def credentials(self, name: str) -> Credentials | None:
        table = self._read()
        user = table.by("email" if "@" in name else "username", fold(name))
        return None if user is None else Credentials(user=user, **table.write_only[user.id])

    @override
    async def page(self, filter: UserFilter, page_request: PageRequest) -> Page[User]:
        return page(matching(self._read(), filter), page_request)

    @override
    async def active_count(self) -> int:
        return len(matching(self._read(), UserFilter(is_active=True)))

    @override
    async def top_spenders(self, limit: int) -> list[TopSpender]:
        users = self._read().rows
        counts: Counter[int] = Counter()
        spent: Counter[int] = Counter()
        for order in self._tables().of(ORDER).rows.values():
            if order.status is not OrderStatus.CANCELLED:
                counts[order.user_id] += 1
                spent[order.user_id] += order.total_amount
        best = sorted(spent, key=lambda key: (-spent[key], key))[:limit]
        return [
            TopSpender(
                user_id=key,
                username=users[key].username,
                email=users[key].email,
                order_count=counts[key],
                total_spent=spent[key],
            )
            for key in best
        ]


class MemoryUserRepository(MemoryRepository[User], MemoryUserReader, UserRepository):
    """Users in a unit of work."""

    @override
    async def add(self, drafts: Sequence[UserDraft], password_hashes: Sequence[str], at: datetime) -> list[User]:
        values = [USER.new_values(draft, at) for draft in drafts]
        return await self._insert(values, [{"password_hash": hashed} for hashed in password_hashes])

    @override
    async def save(self, entity: User, password_hash: str | None = None) -> None:
        record_start("update users")
        self._stored_before(entity)
        await self._unit.write(USER, [entity], (password_hash and [{"password_hash": password_hash}]) or None)

    @override
    async def deactivate_stale(self, before: datetime, at: datetime) -> int:
        record_start("update users")
        stale = [user for user in self._stored.values() if user.is_active and user.updated_at < before]
        await self._unit.write(USER, [new_version(user, at, is_active=False) for user in stale])
        return len(stale)

    @override
    async def lock_to_delete(self, id: int) -> User:
        return await self.lock(id)

    @override
    async def lock_inactive(self, after: int, most: int) -> list[User]:
        inactive = [user for user in self._read().rows.values() if not user.is_active and user.id > after]
        return sorted(inactive, key=lambda user: user.id)[:most]

    @override
    async def delete_many(self, ids: Collection[int], at: datetime) -> None:
        record_start("delete users")
        await self._unit.delete(USER, ids, at)

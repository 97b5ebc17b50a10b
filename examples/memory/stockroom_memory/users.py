"""Users."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from core.entities import Credentials, OrderStatus, TopSpender, User, UserDraft
from core.storage import Page, PageRequest, UserFilter
from core.storage.round_trips import record_start
from core.text import fold
from stockroom_memory.listing import matching, page
from stockroom_memory.repository import MemoryReader, MemoryRepository
from stockroom_memory.schema import CREDENTIALS, ORDERS, USERS, Credential
from stockroom_memory.unit import changed

_CHOSEN = [field.name for field in fields(UserDraft)]  # a registration has the password besides


class MemoryUserReader(MemoryReader[User]):
    """See ``UserReader``."""

    kind = USERS

    async def by_email(self, email: str) -> User:
        """See ``UserReader.by_email``."""
        return self._by("email", fold(email), email)

    async def credentials(self, name: str) -> Credentials | None:
        """See ``UserReader.credentials``."""
        user = self._read().by("email" if "@" in name else "username", fold(name))
        if user is None:
            return None
        return Credentials(user=user, password_hash=self._tables().of(CREDENTIALS).rows[user.id].password_hash)

    async def page(self, filter: UserFilter, page_request: PageRequest) -> Page[User]:
        """See ``UserReader.page``."""
        return page(matching(self._read(), filter.search, is_active=filter.is_active), page_request)

    async def active_count(self) -> int:
        """See ``UserReader.active_count``."""
        return len(matching(self._read(), is_active=True))

    async def top_spenders(self, limit: int) -> list[TopSpender]:
        """See ``UserReader.top_spenders``."""
        users = self._read().rows
        counts: Counter[int] = Counter()
        spent: Counter[int] = Counter()
        for order in self._tables().of(ORDERS).rows.values():
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


class MemoryUserRepository(MemoryRepository[User], MemoryUserReader):
    """See ``UserRepository``."""

    async def add(self, drafts: Sequence[UserDraft], password_hashes: Sequence[str], at: datetime) -> list[User]:
        """See ``UserRepository.add``."""
        users = self._insert(
            [{name: getattr(draft, name) for name in _CHOSEN} | {"is_superuser": False} for draft in drafts], at
        )
        pairs = zip(users, password_hashes, strict=True)
        self._unit.write(CREDENTIALS, [Credential(id=user.id, password_hash=hashed) for user, hashed in pairs])
        return users

    async def save(self, entity: User, password_hash: str | None = None) -> None:
        """See ``UserRepository.save``."""
        await super().save(entity)
        if password_hash is not None:
            self._unit.write(CREDENTIALS, [Credential(id=entity.id, password_hash=password_hash)])

    async def deactivate_stale(self, before: datetime, at: datetime) -> int:
        """See ``UserRepository.deactivate_stale``."""
        record_start("update users")
        stale = [user for user in self._stored.values() if user.is_active and user.updated_at < before]
        self._unit.write(USERS, [changed(user, at, is_active=False) for user in stale])
        return len(stale)

    async def delete_inactive(self) -> int:
        """See ``UserRepository.delete_inactive``."""
        record_start("delete users")
        inactive = {user.id for user in self._stored.values() if not user.is_active}
        self._unit.delete(USERS, inactive)
        return len(inactive)

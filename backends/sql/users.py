"""Users."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, desc, func, select

from backends.sql.aggregate import Aggregate, SqlReader, SqlRepository
from backends.sql.errors import Refused
from backends.sql.listing import Source, given
from backends.sql.mapping import Shape
from backends.sql.probe import Unique
from backends.sql.schema import orders, users
from backends.sql.search import contains
from backends.sql.statement import Statement
from core.entities import Credentials, OrderStatus, TopSpender, User, UserDraft
from core.errors import NotFound, StillReferenced
from core.storage import Page, PageRequest, UserFilter
from core.text import fold, search_key


def _derived(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "username_key": fold(row["username"]),
        "email_key": fold(row["email"]),
        "search_key": search_key(row["username"], row["email"], row["full_name"]),
    }


USERS = Aggregate(
    "user",
    Shape(User, users),
    uniques=[Unique("username", ("username_key",)), Unique("email", ("email_key",))],
    derived=_derived,
    restricted_by="accounts",
)

_BY_EMAIL = Statement(USERS.all.where(users.c.email_key == bindparam("key")))
_CREDENTIALS = select(*USERS.shape.columns, users.c.password_hash)
_CREDENTIALS_BY_USERNAME = Statement(_CREDENTIALS.where(users.c.username_key == bindparam("key")))
_CREDENTIALS_BY_EMAIL = Statement(_CREDENTIALS.where(users.c.email_key == bindparam("key")))
_ACTIVE = select(func.count()).select_from(users).where(users.c.is_active)
_BEST = (
    select(orders.c.user_id, func.count().label("order_count"), func.sum(orders.c.total_amount).label("spent"))
    .where(orders.c.status != OrderStatus.CANCELLED)
    .group_by(orders.c.user_id)
    .order_by(desc("spent"), orders.c.user_id)
    .limit(bindparam("most"))
    .subquery("best")
)
_TOP = Statement(  # only the best are looked up among the users, not all users who ever bought something
    select(users.c.id, users.c.username, users.c.email, _BEST.c.order_count, _BEST.c.spent)
    .join(_BEST, _BEST.c.user_id == users.c.id)
    .order_by(_BEST.c.spent.desc(), users.c.id)
)
_CONDITIONS = {
    "is_active": users.c.is_active == bindparam("is_active"),
    "search": contains(users.c.search_key),
}
_PAGES = Source(USERS.all, users, USERS.shape.read, _CONDITIONS)


class SqlUserReader(SqlReader[User]):
    """See ``UserReader``."""

    async def by_email(self, email: str) -> User:
        """See ``UserReader.by_email``."""
        found = await self._rows.rows(_BY_EMAIL, {"key": fold(email)})
        if not found:
            raise NotFound("user", email)
        return USERS.shape.read(found[0])

    async def credentials(self, name: str) -> Credentials | None:
        """See ``UserReader.credentials``."""
        query = _CREDENTIALS_BY_EMAIL if "@" in name else _CREDENTIALS_BY_USERNAME
        found = await self._rows.rows(query, {"key": fold(name)})
        return Credentials(user=USERS.shape.read(found[0]), password_hash=found[0][-1]) if found else None

    async def page(self, filter: UserFilter, page_request: PageRequest) -> Page[User]:
        """See ``UserReader.page``."""
        return await _PAGES.page(self._rows, given(filter.search, is_active=filter.is_active), page_request)

    async def active_count(self) -> int:
        """See ``UserReader.active_count``."""
        count: int = (await self._rows.rows(_ACTIVE))[0][0]
        return count

    async def top_spenders(self, limit: int) -> list[TopSpender]:
        """See ``UserReader.top_spenders``."""
        return [
            TopSpender(user_id=key, username=username, email=email, order_count=count, total_spent=int(spent))
            for key, username, email, count, spent in await self._rows.rows(_TOP, {"most": limit})
        ]


class SqlUserRepository(SqlRepository[User], SqlUserReader):
    """See ``UserRepository``."""

    async def add(self, drafts: Sequence[UserDraft], password_hashes: Sequence[str], at: datetime) -> list[User]:
        """See ``UserRepository.add``."""
        rows = []
        for draft, password_hash in zip(drafts, password_hashes, strict=True):
            row = {name: getattr(draft, name) for name in _DRAFTED}
            rows.append({**row, "password_hash": password_hash, "is_superuser": False})
        return await self.store(rows, at)

    async def save(self, entity: User, password_hash: str | None = None) -> None:
        """See ``UserRepository.save``."""
        await self.put(entity, {} if password_hash is None else {"password_hash": password_hash})

    async def deactivate_stale(self, before: datetime, at: datetime) -> int:
        """See ``UserRepository.deactivate_stale``."""
        stale = users.update().where(users.c.is_active, users.c.updated_at < before)
        return await self._work.write(stale.values(is_active=False, updated_at=at, version=users.c.version + 1))

    async def delete_inactive(self) -> int:
        """See ``UserRepository.delete_inactive``."""
        try:
            return await self._work.write(users.delete().where(~users.c.is_active))
        except Refused as refused:
            raise StillReferenced("user", "accounts") from refused


_DRAFTED = ("username", "email", "full_name", "bio", "is_active")

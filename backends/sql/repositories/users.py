"""Users."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, desc, func, select
from typing_extensions import override

from backends.sql.repositories.entities import SqlEntityReader
from backends.sql.repository import EntityMapping, SqlRepository, next_version
from backends.sql.schema import table_of
from backends.sql.statement import CachedStatement
from core.entities import ORDER, USER, Credentials, OrderStatus, TopSpender, User, UserDraft
from core.errors import NotFound
from core.storage.repositories import UserReader, UserRepository
from core.text import fold

USERS: EntityMapping[User] = EntityMapping(USER)
users, orders = USERS.table, table_of(ORDER)

_BY_EMAIL = CachedStatement(USERS.all.where(users.c.email_key == bindparam("key")))
_BY_USERNAME = CachedStatement(USERS.all.where(users.c.username_key == bindparam("key")))
_CREDENTIALS = select(*USERS.mapper.columns, users.c.password_hash)
_CREDENTIALS_BY_USERNAME = CachedStatement(_CREDENTIALS.where(users.c.username_key == bindparam("key")))
_CREDENTIALS_BY_EMAIL = CachedStatement(_CREDENTIALS.where(users.c.email_key == bindparam("key")))
_ACTIVE = select(func.count()).select_from(users).where(users.c.is_active)
_LOCKED_TO_DELETE = CachedStatement(USERS.all.where(users.c.id == bindparam("key")).with_for_update())
_INACTIVE = CachedStatement(
    USERS.all.where(~users.c.is_active, users.c.id > bindparam("after"))
    .order_by(users.c.id)
    .limit(bindparam("most"))
    .with_for_update()
)
_BEST = (
    select(orders.c.user_id, func.count().label("order_count"), func.sum(orders.c.total_amount).label("spent"))
    .where(orders.c.status != OrderStatus.CANCELLED)
    .group_by(orders.c.user_id)
    .order_by(desc("spent"), orders.c.user_id)
    .limit(bindparam("most"))
    .subquery("best")
)
_TOP = CachedStatement(  # only the best are looked up among the users, not all users who ever bought something
    select(users.c.id, users.c.username, users.c.email, _BEST.c.order_count, _BEST.c.spent)
    .join(_BEST, _BEST.c.user_id == users.c.id)
    .order_by(_BEST.c.spent.desc(), users.c.id)
)


class SqlUserReader(SqlEntityReader[User], UserReader):
    """Users, outside a unit of work."""

    @override
    async def by_email(self, email: str) -> User:
        return await self._get_by_name(_BY_EMAIL, email)

    @override
    async def by_username(self, username: str) -> User:
        return await self._get_by_name(_BY_USERNAME, username)

    async def _get_by_name(self, query: CachedStatement, name: str) -> User:
        found = await self._executor.rows(query, {"key": fold(name)})
        if not found:
            raise NotFound("user", name)
        return USERS.mapper.read(found[0])

    @override
    async def credentials(self, name: str) -> Credentials | None:
        query = _CREDENTIALS_BY_EMAIL if "@" in name else _CREDENTIALS_BY_USERNAME
        found = await self._executor.rows(query, {"key": fold(name)})
        return Credentials(user=USERS.mapper.read(found[0]), password_hash=found[0][-1]) if found else None

    @override
    async def active_count(self) -> int:
        count: int = (await self._executor.rows(_ACTIVE))[0][0]
        return count

    @override
    async def top_spenders(self, limit: int) -> list[TopSpender]:
        return [
            TopSpender(user_id=key, username=username, email=email, order_count=count, total_spent=int(spent))
            for key, username, email, count, spent in await self._executor.rows(_TOP, {"most": limit})
        ]


class SqlUserRepository(SqlRepository[User], SqlUserReader, UserRepository):
    """Users, in a unit of work."""

    @override
    async def add(self, drafts: Sequence[UserDraft], password_hashes: Sequence[str], at: datetime) -> list[User]:
        pairs = zip(drafts, password_hashes, strict=True)
        return await self._insert([USER.new_values(draft, at, password_hash=hashed) for draft, hashed in pairs])

    @override
    async def save(self, entity: User, password_hash: str | None = None) -> None:
        await self._update(entity, {} if password_hash is None else {"password_hash": password_hash})

    @override
    async def deactivate_stale(self, before: datetime, at: datetime) -> int:
        stale = users.update().where(users.c.is_active, users.c.updated_at < before)
        return await self._executor.write(stale.values(is_active=False, **next_version(users, at)))

    @override
    async def lock_to_delete(self, id: int) -> User:
        return await self._get_one(_LOCKED_TO_DELETE, id)

    @override
    async def lock_inactive(self, after: int, most: int) -> list[User]:
        found = await self._executor.rows(_INACTIVE, {"after": after, "most": most})
        return [USERS.mapper.read(row) for row in found]

    @override
    async def delete_many(self, ids: Collection[int], at: datetime) -> None:
        await self._delete_where(users.c.id.in_(ids))

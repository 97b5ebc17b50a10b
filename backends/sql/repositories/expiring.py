"""Entries that expire: a user's sessions, idempotent responses, counters of attempts."""

from datetime import datetime

from sqlalchemy import bindparam, select
from typing_extensions import override

from backends.sql.errors import IntegrityViolation
from backends.sql.executor import UnitOfWorkExecutor
from backends.sql.mapper import RowMapper
from backends.sql.repositories.users import USERS
from backends.sql.repository import raise_violation
from backends.sql.schema import table_of
from backends.sql.statement import CachedStatement, QueryExecutor
from core.entities import EXPIRING_ENTRY, EntryKind, ExpiringEntry, User
from core.errors import TransientConflict
from core.storage.repositories import ExpiringEntryReader, ExpiringEntryRepository
from core.storage.violations import Write

tickets, users = table_of(EXPIRING_ENTRY), USERS.table
_MAPPER = RowMapper(ExpiringEntry, tickets)

_AT = bindparam("at", type_=tickets.c.expires_at.type)
_KEY = tickets.c.key == bindparam("id")
_VALID = tickets.c.expires_at > _AT
_EXPIRED = tickets.c.expires_at <= _AT

_ENTRY = select(*_MAPPER.columns).where(_KEY, _VALID)
_OWNER = select(*USERS.mapper.columns).join(tickets, tickets.c.user_id == users.c.id).where(_KEY, _VALID)
_OF_USER = tickets.delete().where(tickets.c.user_id == bindparam("user"), tickets.c.kind == bindparam("of_kind"))
_SOME_EXPIRED = select(tickets.c.key).where(_EXPIRED).order_by(tickets.c.expires_at).limit(bindparam("most"))

_BY_KEY = CachedStatement(_ENTRY)
_LOCKED_BY_KEY = CachedStatement(_ENTRY.with_for_update(key_share=True))
_OWNER_BY_KEY = CachedStatement(_OWNER)
_EXPIRED_KEYS = CachedStatement(_SOME_EXPIRED)
_SAVE = CachedStatement(tickets.update().where(_KEY), ("value", "expires_at"))
_DELETE = CachedStatement(tickets.delete().where(_KEY))
_DELETE_OF_USER = CachedStatement(_OF_USER)
_DELETE_OTHERS = CachedStatement(_OF_USER.where(tickets.c.key != bindparam("keep")))


class SqlExpiringEntryReader(ExpiringEntryReader):
    """Entries that expire, outside a unit of work."""

    _executor: QueryExecutor

    def __init__(self, executor: QueryExecutor) -> None:
        self._executor = executor

    @override
    async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
        return await self._get_one(_BY_KEY, key, at)

    @override
    async def owner(self, key: str, at: datetime) -> User | None:
        found = await self._executor.rows(_OWNER_BY_KEY, {"id": key, "at": at})
        return USERS.mapper.read(found[0]) if found else None

    async def _get_one(self, query: CachedStatement, key: str, at: datetime) -> ExpiringEntry | None:
        found = await self._executor.rows(query, {"id": key, "at": at})
        return _MAPPER.read(found[0]) if found else None


class SqlExpiringEntryRepository(SqlExpiringEntryReader, ExpiringEntryRepository):
    """Entries that expire, in a unit of work."""

    _executor: UnitOfWorkExecutor

    def __init__(self, executor: UnitOfWorkExecutor) -> None:
        super().__init__(executor)

    @override
    async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
        """One round trip where the key is free, two where it is not."""
        row = _MAPPER.values(entry)
        try:
            if await self._executor.upsert(tickets, row | {"at": at}):
                return None
        except IntegrityViolation as refused:
            raise_violation(refused, Write(EXPIRING_ENTRY, [row]))
        found = await self.lock(entry.key, at)
        if found is None:
            raise TransientConflict
        return found

    @override
    async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
        return await self._get_one(_LOCKED_BY_KEY, key, at)

    @override
    async def save(self, entry: ExpiringEntry) -> None:
        values = {"id": entry.key, "value": entry.value, "expires_at": entry.expires_at}
        if await self._executor.write(_SAVE, values) != 1:
            raise TransientConflict

    @override
    async def delete(self, key: str) -> None:
        await self._executor.write(_DELETE, {"id": key})

    @override
    async def delete_for_user(self, user_id: int, kind: EntryKind, keep: str | None = None) -> int:
        values = {"user": user_id, "of_kind": kind}
        if keep is None:
            return await self._executor.write(_DELETE_OF_USER, values)
        return await self._executor.write(_DELETE_OTHERS, values | {"keep": keep})

    @override
    async def delete_expired(self, at: datetime, most: int = 1000) -> int:
        keys = [row[0] for row in await self._executor.rows(_EXPIRED_KEYS, {"at": at, "most": most})]
        return await self._executor.write(tickets.delete().where(tickets.c.key.in_(keys), _EXPIRED), {"at": at})

"""Tickets."""

from datetime import datetime
from functools import partial

from sqlalchemy import bindparam, select

from backends.sql.errors import Clash, Refused, Rows
from backends.sql.mapping import Shape
from backends.sql.probe import Probe
from backends.sql.schema import tickets, users
from backends.sql.session import Work
from backends.sql.statement import Statement
from backends.sql.users import USERS
from core.entities import EntryKind, ExpiringEntry, User
from core.errors import TransientConflict

_SHAPE = Shape(ExpiringEntry, tickets)
_PROBE = Probe(tickets)

_AT = bindparam("at", type_=tickets.c.expires_at.type)
_KEY = tickets.c.key == bindparam("id")
_VALID = tickets.c.expires_at > _AT

_TICKET = select(*_SHAPE.columns).where(_KEY, _VALID)
_BY_KEY = Statement(_TICKET)
_LOCKED = Statement(_TICKET.with_for_update(key_share=True))
_HOLDER = Statement(select(*USERS.shape.columns).join(tickets, tickets.c.user_id == users.c.id).where(_KEY, _VALID))
_SAVE = Statement(tickets.update().where(_KEY), ("value", "expires_at"))
_DELETE = Statement(tickets.delete().where(_KEY))
_OF_USER = tickets.delete().where(tickets.c.user_id == bindparam("user"), tickets.c.kind == bindparam("of_kind"))
_DELETE_OF = Statement(_OF_USER)
_DELETE_OTHERS = Statement(_OF_USER.where(tickets.c.key != bindparam("keep")))
_EXPIRED = tickets.c.expires_at <= _AT
_SOME_EXPIRED = Statement(select(tickets.c.key).where(_EXPIRED).order_by(tickets.c.expires_at).limit(bindparam("most")))


class SqlExpiringEntryReader:
    """See ``ExpiringEntryReader``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
        """See ``ExpiringEntryReader.get``."""
        return await self._one(_BY_KEY, key, at)

    async def owner(self, key: str, at: datetime) -> User | None:
        """See ``ExpiringEntryReader.owner``."""
        found = await self._rows.rows(_HOLDER, {"id": key, "at": at})
        return USERS.shape.read(found[0]) if found else None

    async def _one(self, query: Statement, key: str, at: datetime) -> ExpiringEntry | None:
        found = await self._rows.rows(query, {"id": key, "at": at})
        return _SHAPE.read(found[0]) if found else None


class SqlExpiringEntryRepository(SqlExpiringEntryReader):
    """See ``ExpiringEntryRepository``."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._work = work

    async def insert_or_lock(self, ticket: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
        """See ``ExpiringEntryRepository.insert_or_lock``. One round trip where the key is free, two where it is not."""
        row = _SHAPE.values(ticket)
        try:
            if await self._work.claim(row | {"at": at}):
                return None
        except Refused as refused:
            raise Clash(partial(_PROBE.explain, written=[row])) from refused
        found = await self.lock(ticket.key, at)
        if found is None:
            raise TransientConflict
        return found

    async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
        """See ``ExpiringEntryRepository.lock``."""
        return await self._one(_LOCKED, key, at)

    async def save(self, ticket: ExpiringEntry) -> None:
        """See ``ExpiringEntryRepository.save``."""
        values = {"id": ticket.key, "value": ticket.value, "expires_at": ticket.expires_at}
        if await self._work.write(_SAVE, values) != 1:
            raise TransientConflict

    async def delete(self, key: str) -> None:
        """See ``ExpiringEntryRepository.delete``."""
        await self._work.write(_DELETE, {"id": key})

    async def delete_for_user(self, user_id: int, kind: EntryKind, keep: str | None = None) -> int:
        """See ``ExpiringEntryRepository.delete_for_user``."""
        values = {"user": user_id, "of_kind": kind}
        if keep is None:
            return await self._work.write(_DELETE_OF, values)
        return await self._work.write(_DELETE_OTHERS, values | {"keep": keep})

    async def delete_expired(self, at: datetime, most: int = 1000) -> int:
        """See ``ExpiringEntryRepository.delete_expired``."""
        keys = [row[0] for row in await self._work.rows(_SOME_EXPIRED, {"at": at, "most": most})]
        return await self._work.write(tickets.delete().where(tickets.c.key.in_(keys), _EXPIRED), {"at": at})

"""Claiming the key of a ticket: one way per kind of database, chosen by its dialect.

Each is one INSERT that becomes an UPDATE where the key is taken: of an expired ticket, which is thereby replaced, and
of no other. It waits for another unit of work that has just claimed the key, and leaves the row locked in any case.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from sqlalchemy import bindparam, case, func
from sqlalchemy.dialects import mysql

from backends.sql.schema import tickets
from backends.sql.statement import Statement

Values = Mapping[str, Any]


class Writer(Protocol):
    """What a claim needs of a unit of work."""

    async def write(self, statement: Statement, params: Values) -> int: ...
    async def write_one(self, statement: Statement, params: Values) -> int: ...


Claim = Callable[[Writer, Values], Awaitable[bool]]
"""Stores a ticket of the values of all columns, if its key is free ``at`` that time; whether it did."""

_AT = bindparam("at", type_=tickets.c.expires_at.type)
_ALL = tuple(tickets.c.keys())
_REPLACED = ("kind", "user_id", "value", "expires_at")


def guarded(insert: Callable[..., Any]) -> Claim:
    """For databases whose INSERT becomes an UPDATE on a condition, and then tells how many rows it wrote."""
    new = insert(tickets)
    values = {name: new.excluded[name] for name in _REPLACED}
    upsert = new.on_conflict_do_update(index_elements=["key"], set_=values, where=tickets.c.expires_at <= _AT)
    statement = Statement(upsert, _ALL)

    async def claim(writer: Writer, values: Values) -> bool:
        return await writer.write(statement, values) == 1

    return claim


async def telling(writer: Writer, values: Values) -> bool:
    """For MySQL and MariaDB, whose INSERT becomes an UPDATE on no condition, and counts a row that stays what it was
    like one that is new. So it says with LAST_INSERT_ID, which is 0 for a new row, whether it found a valid ticket.
    """
    return await writer.write_one(_TELLING, values) == 0


def _telling() -> Statement:
    new = mysql.insert(tickets)
    valid = func.last_insert_id(tickets.c.expires_at > _AT)
    # One after the other: the time that they all look at is replaced last.
    changes = [(name, case((valid, tickets.c[name]), else_=new.inserted[name])) for name in _REPLACED]
    return Statement(new.on_duplicate_key_update(changes), _ALL)


_TELLING = _telling()

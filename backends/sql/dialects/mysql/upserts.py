"""Inserting an entry that expires into MySQL and MariaDB."""

from functools import cache

from sqlalchemy import Table, case, func
from sqlalchemy.dialects import mysql

from backends.sql.statement import CachedStatement, Executor, Values
from backends.sql.upserts import EXPIRY, now_of, replaced_columns


async def upsert_on_duplicate_key(executor: Executor, table: Table, values: Values) -> bool:
    """An INSERT becomes an UPDATE on no condition, and counts a row that stays what it was like one that is new. So it
    says with LAST_INSERT_ID, which is 0 for a new row, whether it found a valid entry.
    """
    return await executor.write_one(_upsert(table), values) == 0


@cache
def _upsert(table: Table) -> CachedStatement:
    new = mysql.insert(table)
    valid = func.last_insert_id(table.c[EXPIRY] > now_of(table))
    # One after the other: the time that they all look at is replaced last.
    changes = [(name, case((valid, table.c[name]), else_=new.inserted[name])) for name in replaced_columns(table)]
    return CachedStatement(new.on_duplicate_key_update(changes), tuple(table.c.keys()))

"""SQLite's index of trigrams: FTS5."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Table, bindparam, case, column, false, select
from sqlalchemy import table as named
from typing_extensions import override

from backends.sql.search import TrigramIndex


class Fts5Index(TrigramIndex):
    """Returns one row after the other, so that some of many rows come as soon as some of few."""

    is_exact = False

    def __init__(self, table: Table) -> None:
        index = named(f"{table.name}_search", column("rowid", BigInteger()), column(f"{table.name}_search"))
        matching = index.c[f"{table.name}_search"].match(bindparam("trigrams"))
        super().__init__(table, select(index.c.rowid.label("id")).where(matching), false())

    @override
    def _conditional(self, query: Select[Any], condition: ColumnElement[bool], rows: Any) -> Select[Any]:
        """SQLite evaluates a condition in WHERE again for each row."""
        return query.limit(case((condition, rows), else_=0))

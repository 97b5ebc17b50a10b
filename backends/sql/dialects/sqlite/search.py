"""SQLite's index of trigrams: FTS5."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Table, bindparam, case, column, false, select
from sqlalchemy import table as named
from typing_extensions import override

from backends.sql.search import SearchIndexDdl, TrigramIndex

_ADD = "INSERT INTO {table}_search(rowid, search_key) VALUES (new.id, new.search_key);"
_REMOVE = "INSERT INTO {table}_search({table}_search, rowid, search_key) VALUES ('delete', old.id, old.search_key);"

FTS5_DDL = SearchIndexDdl(
    parts=("{table}_search", "{table}_search_insert", "{table}_search_delete", "{table}_search_update"),
    create=(
        """CREATE VIRTUAL TABLE {table}_search USING fts5(
        search_key, content='{table}', content_rowid='id',
        detail=none, columnsize=0, tokenize='trigram case_sensitive 1'
    )""",
        "INSERT INTO {table}_search({table}_search, rank) VALUES ('automerge', 8)",  # fewer merges, searches as fast
        "INSERT INTO {table}_search({table}_search) VALUES ('rebuild')",
        f"CREATE TRIGGER {{table}}_search_insert AFTER INSERT ON {{table}} BEGIN {_ADD} END",
        f"CREATE TRIGGER {{table}}_search_delete AFTER DELETE ON {{table}} BEGIN {_REMOVE} END",
        f"""CREATE TRIGGER {{table}}_search_update AFTER UPDATE OF id, search_key ON {{table}}
    WHEN old.id <> new.id OR old.search_key <> new.search_key BEGIN {_REMOVE} {_ADD} END""",
    ),
    drop=(
        "DROP TRIGGER IF EXISTS {table}_search_update",
        "DROP TRIGGER IF EXISTS {table}_search_delete",
        "DROP TRIGGER IF EXISTS {table}_search_insert",
        "DROP TABLE IF EXISTS {table}_search",
    ),
)
"""As revision 0005 has it; rows are compared with the term afterwards, so positions are left out."""


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

"""The rows behind a position in an order by two columns, in words for which each database goes straight to them."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Beyond(FunctionElement[bool]):
    # Of no type: what is Boolean is written "... = 1" for databases without that type, and then no index is used.
    inherit_cache = False  # is compiled once anyway
    sign = "<"


def beyond(
    column: ColumnElement[Any],
    row_id: ColumnElement[int],
    value: ColumnElement[Any],
    last_id: ColumnElement[int],
    *,
    descending: bool,
) -> ColumnElement[bool]:
    """Whether column and id come behind ``value`` and ``last_id``, both in one direction."""
    element = _Beyond(column, row_id, value, last_id)
    element.sign = "<" if descending else ">"
    return element


@compiles(_Beyond)
def _as_rows(element: _Beyond, compiler: SQLCompiler, **options: Any) -> str:
    column, row_id, value, last_id = (compiler.process(part, **options) for part in element.clauses)
    return f"({column}, {row_id}) {element.sign} ({value}, {last_id})"


@compiles(_Beyond, "mysql", "mariadb")
def _as_ranges(element: _Beyond, compiler: SQLCompiler, **options: Any) -> str:
    """They read an index from its beginning where rows are compared, but see two ranges in this."""
    column, row_id, value, last_id = element.clauses
    parts = [column, value, column, value, row_id, last_id]
    words = [compiler.process(part, **options) for part in parts]
    return "({0} {sign} {1} OR ({2} = {3} AND {4} {sign} {5}))".format(*words, sign=element.sign)

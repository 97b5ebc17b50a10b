"""Where null stands among sorted values: before all of them, as MySQL and MariaDB have it and cannot be told."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _NullsFirst(FunctionElement[Any]):
    inherit_cache = True


class _NullsLast(FunctionElement[Any]):
    inherit_cache = True


def nulls_lowest(column: ColumnElement[Any], *, descending: bool) -> ColumnElement[Any]:
    """``column`` for an ORDER BY."""
    return _NullsLast(column.desc()) if descending else _NullsFirst(column.asc())


@compiles(_NullsFirst)
def _nulls_first(element: _NullsFirst, compiler: SQLCompiler, **options: Any) -> str:
    return f"{compiler.process(element.clauses, **options)} NULLS FIRST"


@compiles(_NullsLast)
def _nulls_last(element: _NullsLast, compiler: SQLCompiler, **options: Any) -> str:
    return f"{compiler.process(element.clauses, **options)} NULLS LAST"


@compiles(_NullsFirst, "mysql", "mariadb")
@compiles(_NullsLast, "mysql", "mariadb")
def _as_ever(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)

"""Statements that are compiled once for a storage and sent as they are, so that the hot path compiles nothing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Dialect, Executable, Table
from sqlalchemy.types import TypeEngine
from typing_extensions import override

Convert = Callable[[Any], Any] | None
Values = Mapping[str, Any]
Params = Values | Sequence[Values] | None
Arguments = Sequence[Any] | Mapping[str, Any]
"""The values of a compiled statement's parameters, in the driver's types: in their order, or by name."""

_RETURNED = "returning_column_descriptions"


class CachedStatement:
    """A statement whose text never changes: every value is a named parameter, or was known when it was built.

    Equal to nothing but itself, so that looking it up takes next to no time. Build it once.
    """

    def __init__(self, element: Executable, keys: Sequence[str] = ()) -> None:
        """``keys`` are the columns of an INSERT or UPDATE."""
        self._element = element
        self._keys = list(keys) or None
        self._variants: dict[str, Executable] = {}

    def with_variant(self, element: Executable, dialect: str) -> "CachedStatement":
        """The same object, which for this dialect compiles ``element`` instead."""
        self._variants[dialect] = element
        return self

    def compile(self, dialect: Dialect) -> "CompiledStatement":
        """The statement in the SQL of a dialect, with parameters in its driver's style."""
        element: Any = self._variants.get(dialect.name, self._element)
        compiled: Any = element.compile(dialect=dialect, column_keys=self._keys)
        binds = compiled.binds
        names = tuple(compiled.positiontup or ()) if compiled.positional else tuple(binds)
        known = {name: binds[name].effective_value for name in names if not binds[name].required}
        binders = [_processor(binds[name].type, dialect, "bind_processor") for name in names]
        described = element.column_descriptions if element.is_select else getattr(element, _RETURNED, ())
        readers = [_processor(column["type"], dialect, "result_processor", None) for column in described]
        kind = CompiledStatement if compiled.positional else NamedCompiledStatement
        return kind(str(compiled), names, known, binders, readers)


def _processor(kind: TypeEngine[Any], dialect: Dialect, name: str, *more: Any) -> Convert:
    return getattr(kind.dialect_impl(dialect), name)(dialect, *more)  # type: ignore[no-any-return]


class CompiledStatement:
    """What is sent to a driver.

    Attributes:
        sql: the text.
        names: of the parameters, in their order.
    """

    def __init__(
        self,
        sql: str,
        names: Sequence[str],
        known: Values,
        binders: Sequence[Convert],
        readers: Sequence[Convert],
    ) -> None:
        self.sql = sql
        self.names = names
        self._parameters = tuple(zip(names, binders, strict=True))
        self._known = known
        self._readers = tuple((place, reader) for place, reader in enumerate(readers) if reader is not None)

    def arguments(self, params: Values | None) -> Arguments:
        """The values of all parameters."""
        values = {**self._known, **(params or {})} if self._known else params or {}
        return [values[name] if bind is None else bind(values[name]) for name, bind in self._parameters]

    def read(self, found: Sequence[Any]) -> Sequence[Any]:
        """The driver's rows with values of our types."""
        if not self._readers:
            return found
        rows = [list(row) for row in found]
        for place, reader in self._readers:
            for row in rows:
                row[place] = reader(row[place])
        return rows


class NamedCompiledStatement(CompiledStatement):
    """For drivers that know parameters by name and not by place."""

    @override
    def arguments(self, params: Values | None) -> Arguments:
        return dict(zip(self.names, super().arguments(params), strict=True))


class QueryExecutor(Protocol):
    """What reads rows, in a unit of work or outside one."""

    async def rows(self, statement: Executable | CachedStatement, params: Params = None) -> Sequence[Any]:
        """All rows of a query."""
        ...


class Executor(QueryExecutor, Protocol):
    """What a dialect's way of inserting needs of a unit of work."""

    async def write(self, statement: Executable | CachedStatement, params: Params = None) -> int:
        """Run a write; the number of rows that it matched."""
        ...

    async def write_one(self, statement: CachedStatement, params: Values) -> int:
        """Run an INSERT of one row; its id, where the driver reports it."""
        ...

    def copy(self, table: Table, params: Sequence[Values]) -> Awaitable[None]:
        """Insert rows in bulk, the fastest way that the driver has. All have the columns of the first."""
        ...

    def insert_rows(self, statement: CachedStatement, params: Sequence[Values]) -> Awaitable[int]:
        """Run an INSERT of one row for many rows, as one statement; the first id, where the driver reports it."""
        ...

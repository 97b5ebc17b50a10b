"""Finding out which values were refused, after the unit of work is undone. The same answer on every database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, or_, select

from backends.sql.statement import QueryExecutor
from core.errors import Duplicate, StockroomError, TransientConflict, UnknownReference


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique constraint: the field a client knows it by, and its columns."""

    field: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ViolationLookup:
    """What a table can refuse, in the order in which it is reported: references first, then unique values.

    Attributes:
        table: that was written to.
        uniques: its unique constraints.
    """

    table: Table
    uniques: tuple[Unique, ...] = ()

    async def diagnose(self, executor: QueryExecutor, written: Sequence[Mapping[str, Any]]) -> StockroomError:
        """Why the rows ``written`` were refused; a transient conflict where nothing stands in their way any more.

        A written row with an ``id`` is a change of that row, and does not stand in its own way.
        """
        missing = await self._missing(executor, written)
        if missing:
            return UnknownReference.of(missing)
        taken = await self._taken(executor, written)
        return Duplicate(taken, self.table.name) if taken else TransientConflict()

    async def _missing(self, executor: QueryExecutor, written: Sequence[Mapping[str, Any]]) -> list[str]:
        fields = []
        for column in self.table.c:
            for key in column.foreign_keys:
                wanted = {row[column.name] for row in written if row.get(column.name) is not None}
                target = key.column
                found = {row[0] for row in await executor.rows(select(target).where(target.in_(wanted)))}
                fields += _fields(column.name, written, lambda row, c=column.name, f=found: row.get(c) in {None, *f})
        return fields

    async def _taken(self, executor: QueryExecutor, written: Sequence[Mapping[str, Any]]) -> list[str]:
        """One query, so that a row that changes meanwhile does not stand in the way as it was and as it is."""
        columns = self.table.c
        alike = [
            columns[first].in_({row[first] for row in written if first in row})
            for first in (unique.columns[0] for unique in self.uniques)
        ]
        if not alike:
            return []
        shown = {columns[name]: None for unique in self.uniques for name in unique.columns}
        found = [row._mapping for row in await executor.rows(select(columns.id, *shown).where(or_(*alike)))]
        fields = []
        for unique in self.uniques:
            owners = {tuple(row[columns[name]] for name in unique.columns): row[columns.id] for row in found}
            fields += _fields(unique.field, written, lambda row, u=unique, o=owners: _is_free(row, u, o))
        return fields


def _is_free(row: Mapping[str, Any], unique: Unique, owners: Mapping[tuple[Any, ...], int]) -> bool:
    value = tuple(row.get(name) for name in unique.columns)
    return None in value or owners.get(value, row.get("id")) == row.get("id")


def _fields(field: str, written: Sequence[Mapping[str, Any]], is_fine: Any) -> list[str]:
    """The field once for each row that is not fine; numbered where there are several rows."""
    several = len(written) > 1
    return [f"{index}.{field}" if several else field for index, row in enumerate(written) if not is_fine(row)]

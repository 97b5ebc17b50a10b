"""Rows into entities, and entities into rows, with nothing in between."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Table

from core.entities.construct import make_constructor

E = TypeVar("E")


class RowMapper(Generic[E]):
    """Maps an entity to the columns of a table that bear the names of its fields, in their order.

    Attributes:
        names: fields that are columns; others, such as an order's lines, come from elsewhere.
        columns: for the SELECT clause; ``width`` of them.
        read: makes the entity of the first ``width`` values of a row.
    """

    def __init__(self, entity: type[E], table: Table) -> None:
        self.names = tuple(f.name for f in fields(entity) if f.name in table.c)  # type: ignore[arg-type]
        self.columns: tuple[ColumnElement[Any], ...] = tuple(table.c[name] for name in self.names)
        self.width = len(self.columns)
        self.read: Callable[[Sequence[Any]], E] = make_constructor(entity, self.names)

    def read_with(self, row: Sequence[Any], **others: Any) -> E:
        """As ``read``, completed by ``others``."""
        return _complete(self.read(row), others)

    def read_optional(self, row: Sequence[Any]) -> E | None:
        """As ``read`` behind an outer join: None where there was nothing to join."""
        return None if row[0] is None else self.read(row)

    def values(self, entity: E) -> dict[str, Any]:
        """The entity's values by column."""
        return {name: getattr(entity, name) for name in self.names}

    def build(self, values: Mapping[str, Any], **others: Any) -> E:
        """The entity that such values make, completed by ``others``."""
        return _complete(self.read([values[name] for name in self.names]), others)


def _complete(entity: E, others: Mapping[str, Any]) -> E:
    for name, value in others.items():
        object.__setattr__(entity, name, value)
    return entity

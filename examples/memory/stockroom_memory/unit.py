"""A unit of work: what it has changed, and how all of it, or a part, is undone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from core import clock
from core.entities import VersionedEntity
from core.errors import Duplicate, StillReferenced, UnknownReference
from stockroom_memory.table import Kind, OnDelete, R, Table, Tables

V = TypeVar("V", bound=VersionedEntity)


class Unit:
    """A unit of work in progress.

    A table that anybody else may see is never changed: it is copied first. To undo is to go back to the tables of
    before, and to commit is to show the new ones.

    Attributes:
        tables: as the unit of work sees them.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._mine: set[str] = set()

    def new_ids(self, kind: Kind[Any], count: int) -> range:
        """So many ids that no row of a kind ever had."""
        last = self.tables.of(kind).last_id
        return range(last + 1, last + 1 + count)

    def write(self, kind: Kind[R], rows: Sequence[R]) -> None:
        """Store rows, each new or in place of the one with its id; all or none.

        Raises:
            UnknownReference, Duplicate: name every field that is to blame.
        """
        if missing := self.tables.missing(kind, rows):
            raise UnknownReference.of(missing)
        if taken := self.tables.of(kind).taken(rows):
            raise Duplicate(taken, kind.plural)
        table = self._changeable(kind)
        for row in rows:
            table.put(row)

    def delete(self, kind: Kind[Any], ids: set[int]) -> None:
        """Remove rows, with what that means for those that refer to them.

        Raises:
            StillReferenced: a row that must not lose them refers to them; part of the rest may be gone by then.
        """
        for other, reference in self.tables.referring(kind):
            rows = [row for row in self.tables.of(other).rows.values() if ids & reference.ids(row)]
            match reference.on_delete if rows else None:
                case OnDelete.RESTRICT:
                    raise StillReferenced(kind.name, reference.told_as or other.plural)
                case OnDelete.CASCADE:
                    self.delete(other, {row.id for row in rows})
                case OnDelete.SET_NULL:
                    self.write(other, [changed(row, clock.now(), **{reference.field: None}) for row in rows])
        table = self._changeable(kind)
        for key in ids:
            table.remove(key)

    def _changeable(self, kind: Kind[R]) -> Table[R]:
        if kind.plural not in self._mine:
            self.tables = self.tables.with_copy(kind)
            self._mine.add(kind.plural)
        return self.tables.of(kind)

    @contextmanager
    def part(self) -> Iterator[None]:
        """What is changed within is undone when an exception leaves it."""
        before = self.give_away()
        try:
            yield
        except BaseException:
            self.tables = before
            raise
        finally:
            self.give_away()

    def give_away(self) -> Tables:
        """The tables as they are now, which whoever gets them may keep: this unit of work changes them no more."""
        self._mine.clear()
        return self.tables


def changed(row: V, at: datetime, **changes: Any) -> V:
    """The next version of a row; never dated before it was dated already."""
    return replace(row, version=row.version + 1, updated_at=max(at, row.updated_at), **changes)

"""A unit of work: what it has changed, and how all of it, or a part, is undone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import repeat
from typing import Any, TypeVar

from core.entities import ENTITY_TYPES, EntityType, OnDelete, VersionedEntity
from core.entities.entity_type import Referrer
from core.errors import StillReferenced
from core.storage.violations import Write, find_violation
from stockroom_memory.tables import E, Key, Table, Tables

V = TypeVar("V", bound=VersionedEntity)


class UnitOfWork:
    """A unit of work in progress.

    A table that other readers may have is never changed: it is copied first. To undo is to go back to the tables of
    before, and to commit is to publish the new ones.

    Attributes:
        tables: as the unit of work sees them.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._copied: set[str] = set()

    def new_ids(self, entity_type: EntityType[Any], count: int) -> range:
        """So many ids that no entity of the type ever had."""
        last = self.tables.of(entity_type).last_id
        return range(last + 1, last + 1 + count)

    async def write(
        self, entity_type: EntityType[E], rows: Sequence[E], write_only: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Store entities, each new or in place of the one with its key; all or none.

        Raises:
            UnknownReference, Duplicate: every field that is wrong.
        """
        values = [_values(entity_type, row) for row in rows]
        if violation := await find_violation(Write(entity_type, values), self.tables):
            raise violation
        table = self._changeable(entity_type)
        for row, hidden in zip(rows, write_only or repeat(None), strict=False):
            table.put(row, hidden)

    async def delete(self, entity_type: EntityType[Any], keys: Collection[Key], at: datetime) -> None:
        """Remove entities, with the declared effects on those that refer to them.

        Raises:
            StillReferenced: an entity that restricts deletion refers to them.
        """
        for referrer in ENTITY_TYPES.referrers(entity_type):
            rows = [row for row in self.tables.of(referrer.owner).rows.values() if _refers(row, referrer, keys)]
            match referrer.reference.on_delete if rows else None:
                case OnDelete.RESTRICT:
                    raise StillReferenced(entity_type.name, referrer.label)
                case OnDelete.CASCADE:
                    table = self.tables.of(referrer.owner)
                    await self.delete(referrer.owner, {table.key_of(row) for row in rows}, at)
                case OnDelete.SET_NULL:
                    cleared = [new_version(row, at, **{referrer.reference.field: None}) for row in rows]
                    await self.write(referrer.owner, cleared)
        for key in keys:
            self.remove(entity_type, key)

    def remove(self, entity_type: EntityType[Any], key: Key) -> None:
        """Remove an entity that no other one refers to."""
        self._changeable(entity_type).remove(key)

    def _changeable(self, entity_type: EntityType[E]) -> Table[E]:
        if entity_type.plural not in self._copied:
            self.tables = self.tables.with_copy(entity_type)
            self._copied.add(entity_type.plural)
        return self.tables.of(entity_type)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is changed within is undone when an exception leaves it."""
        before = self.freeze()
        try:
            yield
        except BaseException:
            self.tables = before
            raise
        finally:
            self.freeze()

    def freeze(self) -> Tables:
        """The tables as they are now; this unit of work changes them no more."""
        self._copied.clear()
        return self.tables


def _values(entity_type: EntityType[Any], row: Any) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in entity_type.fields if name not in entity_type.write_only}
    return values | entity_type.derive(values)


def _refers(row: Any, referrer: Referrer, keys: Collection[Key]) -> bool:
    holders = getattr(row, referrer.part) if referrer.part else [row]
    return any(getattr(holder, referrer.reference.field) in keys for holder in holders)


def new_version(row: V, at: datetime, **changes: Any) -> V:
    """The next version of an entity; never dated before the version it replaces."""
    return replace(row, version=row.version + 1, updated_at=max(at, row.updated_at), **changes)

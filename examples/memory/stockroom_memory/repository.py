"""What every aggregate's repository does the same way.

Each call is noted as the one round trip that it would be to a server.
"""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic

from core.errors import NotFound, TransientConflict
from core.storage.round_trips import record_start
from core.text import slug_range
from stockroom_memory.table import Kind, Table, Tables
from stockroom_memory.unit import Unit, V


class MemoryReader(Generic[V]):
    """The read half of a repository. Each subclass says which ``kind`` it reads."""

    kind: Kind[V]

    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def get(self, id: int) -> V:
        """See ``Reader.get``."""
        return self._found(self._read().rows.get(id), id)

    def _read(self) -> Table[V]:
        """The table as it is now for whoever asks: as committed, or as its own unit of work has it."""
        record_start(f"read {self.kind.plural}")
        return self._tables().of(self.kind)

    def _by(self, field: str, key: Hashable, given: str) -> V:
        """The entity with a unique key, for which a client has ``given`` a text."""
        return self._found(self._read().by(field, key), given)

    def _found(self, row: V | None, key: object) -> V:
        if row is None:
            raise NotFound(self.kind.name, key)
        return self._apart(row)

    def _apart(self, row: V) -> V:
        """A row that shares nothing that can be changed with the stored one: a copy of whatever list it has."""
        return row


class MemoryRepository(MemoryReader[V]):
    """The write half of a repository."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(lambda: unit.tables)
        self._unit = unit

    async def lock(self, id: int) -> V:
        """See ``Repository.lock``. Nobody else writes while this unit of work does."""
        return await self.get(id)

    async def save(self, entity: V) -> None:
        """See ``Repository.save``."""
        record_start(f"update {self.kind.plural}")
        self._guard(entity)
        self._unit.write(self.kind, [self._apart(entity)])

    async def delete(self, id: int) -> None:
        """See ``Repository.delete``."""
        record_start(f"delete {self.kind.plural}")
        self._found(self._stored.get(id), id)
        self._unit.delete(self.kind, {id})

    @property
    def _stored(self) -> Mapping[int, V]:
        """The rows, for a write that looks before it writes; not a round trip of its own."""
        return self._unit.tables.of(self.kind).rows

    def _guard(self, entity: V) -> V:
        """The stored version of an entity, if it is the one before."""
        stored = self._stored.get(entity.id)
        if stored is None or stored.version != entity.version - 1:
            raise TransientConflict
        return stored

    def _insert(self, drafts: Sequence[Mapping[str, Any]], at: datetime) -> list[V]:
        """Store new entities, made of their values by field."""
        record_start(f"insert {self.kind.plural}")
        ids = self._unit.new_ids(self.kind, len(drafts))
        stamp = {"created_at": at, "updated_at": at, "version": 1}
        rows = [self.kind.entity(id=key, **stamp, **draft) for key, draft in zip(ids, drafts, strict=True)]
        self._unit.write(self.kind, rows)
        return [self._apart(row) for row in rows]


class SlugRepository(MemoryRepository[V]):
    """The write half of the repository of an aggregate with a slug."""

    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        """See ``SlugLookup.existing_slugs``."""
        slugs: list[Any] = sorted(self._read().owners["slug"])
        ranges = [slug_range(base) for base in bases]
        return {slug for low, high in ranges for slug in slugs[bisect_left(slugs, low) : bisect_left(slugs, high)]}

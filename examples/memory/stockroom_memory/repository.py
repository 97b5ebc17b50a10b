"""What the repository of every entity does the same way.

Each call is recorded as the one round trip that it would be to a server.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic

from typing_extensions import override

from core.entities import EntityType
from core.errors import NotFound, TransientConflict
from core.storage.repositories import Reader, SlugLookup
from core.storage.round_trips import record_start
from core.text import fold, slug_range
from stockroom_memory.tables import Key, Table, Tables
from stockroom_memory.unit_of_work import UnitOfWork, V, new_version


class MemoryReader(Reader[V], Generic[V]):
    """The read half of a repository. Each subclass names the type that it reads."""

    entity_type: EntityType[V]

    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    @override
    async def get(self, id: int) -> V:
        return self._found(self._read().rows.get(id), id)

    def _read(self) -> Table[V]:
        """The table as the caller sees it: as committed, or as its own unit of work has it."""
        record_start(f"read {self.entity_type.plural}")
        return self._tables().of(self.entity_type)

    def _by(self, field: str, given: str, *, folded: bool = False) -> V:
        """The entity with a unique text."""
        return self._found(self._read().by(field, fold(given) if folded else given), given)

    def _found(self, row: V | None, key: object) -> V:
        if row is None:
            raise NotFound(self.entity_type.name, key)
        return self._copied(row)

    def _copied(self, row: V) -> V:
        """An entity that shares no list with the stored one."""
        return row


class MemoryRepository(MemoryReader[V]):
    """The write half of a repository."""

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(lambda: unit.tables)
        self._unit = unit

    async def lock(self, id: int) -> V:
        """The entity; units of work run one at a time, so there is nothing to lock."""
        return await self.get(id)

    async def save(self, entity: V) -> None:
        """Store the next version of an entity."""
        record_start(f"update {self.entity_type.plural}")
        self._stored_before(entity)
        await self._unit.write(self.entity_type, [self._copied(entity)])

    async def delete(self, id: int, at: datetime) -> None:
        """Remove an entity."""
        record_start(f"delete {self.entity_type.plural}")
        self._found(self._stored.get(id), id)
        await self._unit.delete(self.entity_type, {id}, at)

    @property
    def _stored(self) -> Mapping[Key, V]:
        """The entities, for a write that reads before it writes; not a round trip of its own."""
        return self._unit.tables.of(self.entity_type).rows

    def _stored_before(self, entity: V) -> V:
        """The stored version of an entity, if it is the one before."""
        stored = self._stored.get(entity.id)
        if stored is None or stored.version != entity.version - 1:
            raise TransientConflict
        return stored

    async def _insert(
        self, values: Sequence[Mapping[str, Any]], write_only: Sequence[Mapping[str, Any]] | None = None
    ) -> list[V]:
        """Store new entities with these values by field."""
        record_start(f"insert {self.entity_type.plural}")
        ids = self._unit.new_ids(self.entity_type, len(values))
        rows = [self.entity_type.entity(id=key, **one) for key, one in zip(ids, values, strict=True)]
        await self._unit.write(self.entity_type, rows, write_only)
        return [self._copied(row) for row in rows]

    async def _insert_drafts(self, drafts: Sequence[object], at: datetime) -> list[V]:
        """Store new entities as clients drafted them."""
        return await self._insert([self.entity_type.new_values(draft, at) for draft in drafts])


class MemorySlugRepository(MemoryRepository[V], SlugLookup):
    """The write half of the repository of an entity with a slug."""

    @override
    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        slugs: list[str] = sorted(value[0] for value in self._read().owners["slug"])
        ranges = [slug_range(base) for base in bases]
        return {slug for low, high in ranges for slug in slugs[bisect_left(slugs, low) : bisect_left(slugs, high)]}


class MemoryQuantityRepository(MemoryRepository[V]):
    """The write half of the repository of an entity that holds a quantity, such as stock or money."""

    async def _lock_many(self, ids: Sequence[int]) -> dict[int, V]:
        rows = self._read().rows
        return {key: rows[key] for key in sorted(ids) if key in rows}

    async def _adjust(self, field: str, changes: Mapping[int, int], high: int, at: datetime) -> None:
        """Add to a quantity of each entity.

        Raises:
            TransientConflict: an entity is gone, or its quantity would leave 0 to ``high``.
        """
        record_start(f"update {self.entity_type.plural}")
        after = []
        for key, change in changes.items():
            entity = self._stored.get(key)
            quantity = -1 if entity is None else getattr(entity, field) + change
            if entity is None or not 0 <= quantity <= high:
                raise TransientConflict
            after.append(new_version(entity, at, **{field: quantity}))
        await self._unit.write(self.entity_type, after)

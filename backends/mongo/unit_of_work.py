"""A unit of work: the documents it has locked, requires and has written.

MongoDB locks a document when it is written, and refuses a write to one that changed after the unit of work began. So a
lock or a reference becomes a write: every document that a unit of work requires and did not write itself is written
to before the commit, in one command per collection. If another transaction changed or removed it meanwhile, one of the
two fails. A unit of work that wrote nothing needs none of this: its reads are one snapshot.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from typing_extensions import override

from backends.mongo.collection import Collection, CollectionProvider
from backends.mongo.engine import EngineTransaction
from backends.mongo.errors import ConstraintViolation
from backends.mongo.ids import IdAllocator
from backends.mongo.violations import PendingWrite

Id = int | str

_LOCK_COUNT = "holds"
"""The stored key that counts how often a document was written to only in order to lock it."""


class UnitOfWork(CollectionProvider):
    """A unit of work in progress. Documents are identified by their ``_id``: an integer, or an entry's key."""

    def __init__(self, transaction: EngineTransaction, ids: IdAllocator) -> None:
        self._transaction = transaction
        self._locked: dict[tuple[str, Id], Any] = {}
        self._required: defaultdict[str, set[Id]] = defaultdict(set)
        self._written: defaultdict[str, set[Id]] = defaultdict(set)
        self._writes: list[PendingWrite] = []
        self._has_written = False
        self.ids = ids

    @override
    def collection(self, name: str) -> Collection:
        return self._transaction.collection(name)

    def lock(self, name: str, entity: Any, key: str | None = None) -> None:
        """Lock an entity of a collection that was just read; ``key`` is for entities without an ``id``."""
        key_or_id = key or entity.id
        self._locked[name, key_or_id] = entity
        self.require_unchanged(name, [key_or_id])

    def get_locked(self, name: str, id: Id) -> Any:
        """The entity as it was locked or last saved; None if it was not."""
        return self._locked.get((name, id))

    def require_unchanged(self, name: str, ids: Iterable[Id]) -> None:
        """Require that no other transaction has changed or removed documents when this one commits."""
        self._required[name].update(ids)

    def add_write(self, write: PendingWrite, before: Mapping[str, Any] | None = None) -> None:
        """Register a write, and require the references that differ from those ``before``."""
        self._writes.append(write)
        for reference in write.entity_type.references:
            field = reference.field
            unchanged = {None, before.get(field) if before else None}
            self.require_unchanged(reference.to, {row[field] for row in write.documents if row[field] not in unchanged})

    def mark_written(self, name: str, ids: Iterable[Id]) -> None:
        """Record that the unit of work has written these documents."""
        self._written[name].update(ids)
        self._has_written = True

    def mark_deleted(self, name: str, ids: Iterable[Id]) -> None:
        """Record that the unit of work has removed these documents."""
        self._written[name].difference_update(ids)
        self._required[name].difference_update(ids)
        self._has_written = True

    def mark_deleted_where(self, name: str, is_deleted: Callable[[Any], bool]) -> None:
        """As ``mark_deleted``, for those of the locked entities for which ``is_deleted`` returns true."""
        locked = self._locked.items()
        self.mark_deleted(name, [key for (kind, key), entity in locked if kind == name and is_deleted(entity)])

    async def commit(self) -> None:
        """Write to the documents that are required, and commit.

        Raises:
            ConstraintViolation: one of them does not exist.
        """
        if self._has_written:
            for name in sorted(self._required):
                await self._touch(name, self._required[name] - self._written[name])
        await self._transaction.commit()

    async def _touch(self, name: str, ids: set[Id]) -> None:
        if ids:
            touched = await self.collection(name).update_many({"_id": {"$in": list(ids)}}, {"$inc": {_LOCK_COUNT: 1}})
            if touched != len(ids):
                raise ConstraintViolation(self._writes)

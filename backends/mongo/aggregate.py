"""What every aggregate's repository does the same way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from backends.mongo.claims import Claim, Unique
from backends.mongo.collection import Collection, Filter, Source
from backends.mongo.driver import Document
from backends.mongo.errors import Clash
from backends.mongo.shape import Shape
from backends.mongo.work import Work
from core.errors import NotFound, TransientConflict
from core.text import slug_range

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Derived:
    """A key computed from fields, such as a search key.

    Attributes:
        compute: from the values of ``fields``.
        fields: of the entity.
    """

    compute: Callable[..., Any]
    fields: tuple[str, ...]

    def of(self, document: Document) -> Any:
        """The key of a document."""
        return self.compute(*(document[name] for name in self.fields))


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[E]):
    """The fixed part of an aggregate.

    Attributes:
        name: as a client reads it in an error.
        collection: where it is stored.
        shape: the entity in its document.
        references: collection that each reference leads to, by field, in the order in which they are reported.
        uniques: its unique indexes, likewise.
        derived: by key.
    """

    name: str
    collection: str
    shape: Shape[E]
    references: Mapping[str, str] = field(default_factory=dict)
    uniques: Sequence[Unique] = ()
    derived: Mapping[str, Derived] = field(default_factory=dict)

    def document(self, entity: E) -> Document:
        """The whole document of an entity."""
        document = self.shape.write(entity)
        return document | {key: derived.of(document) for key, derived in self.derived.items()}

    def changes(self, before: E, after: E) -> Document:
        """The part of the document that differs."""
        old, new = self.shape.write(before), self.shape.write(after)
        changed = {name: value for name, value in new.items() if value != old[name]}
        stale = {key: d for key, d in self.derived.items() if changed.keys() & set(d.fields)}
        return changed | {key: derived.of(new) for key, derived in stale.items()}

    def claim(self, written: Sequence[Mapping[str, Any]]) -> Claim:
        """What documents of this kind need in order to be stored."""
        return Claim(self.collection, self.references, self.uniques, written)


class MongoReader(Generic[E]):
    """The read half of a repository."""

    def __init__(self, aggregate: Aggregate[E], source: Source) -> None:
        self._aggregate = aggregate
        self._source = source

    @property
    def _collection(self) -> Collection:
        return self._source.collection(self._aggregate.collection)

    async def get(self, id: int) -> E:
        """See ``Reader.get``."""
        return await self._one({"_id": id}, id)

    async def _one(self, filter: Filter, key: object) -> E:
        """The entity that a filter by a unique key finds."""
        found = await self._collection.find(filter, self._aggregate.shape.projection, limit=1)
        if not found:
            raise NotFound(self._aggregate.name, key)
        return self._aggregate.shape.read(found[0])

    async def _all(self, filter: Filter, order: Sequence[tuple[str, int]]) -> list[E]:
        """Every entity that matches."""
        found = await self._collection.find(filter, self._aggregate.shape.projection, order=order)
        return [self._aggregate.shape.read(document) for document in found]

    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        """See ``SlugLookup.existing_slugs``; for aggregates with a slug."""
        ranges = [dict(zip(("$gte", "$lt"), slug_range(base), strict=True)) for base in bases]
        found = await self._collection.find({"$or": [{"slug": bounds} for bounds in ranges]}, {"_id": 0, "slug": 1})
        return {document["slug"] for document in found}


class MongoRepository(MongoReader[E]):
    """The write half of a repository."""

    def __init__(self, aggregate: Aggregate[E], work: Work) -> None:
        super().__init__(aggregate, work)
        self._work = work

    async def lock(self, id: int) -> E:
        """See ``Repository.lock``."""
        entity = await self.get(id)
        self._work.lock(self._aggregate.collection, entity)
        return entity

    async def save(self, entity: E) -> None:
        """See ``Repository.save``."""
        await self._put(entity)

    async def delete(self, id: int) -> None:
        """See ``Repository.delete``."""
        if not await self._collection.delete({"_id": id}):
            raise NotFound(self._aggregate.name, id)
        self._work.forget(self._aggregate.collection, [id])

    async def _store(
        self, drafts: Sequence[Mapping[str, Any]], at: datetime, extra: Sequence[Document] | None = None
    ) -> list[E]:
        """Insert new entities from their values by field, each with the ``extra`` keys of its document."""
        ids = await self._work.ids.take(self._aggregate.collection, len(drafts))
        stamp = {"created_at": at, "updated_at": at, "version": 1}
        build: Any = self._aggregate.shape.entity
        entities = [build(id=key, **stamp, **draft) for key, draft in zip(ids, drafts, strict=True)]
        await self._insert(entities, extra or [{}] * len(entities))
        return entities

    async def _insert(self, entities: Sequence[Any], extra: Sequence[Document]) -> None:
        """Insert entities that have their ids."""
        if not entities:
            return
        documents = [self._aggregate.document(entity) | more for entity, more in zip(entities, extra, strict=True)]
        claim = self._aggregate.claim(documents)
        self._work.claim(claim)
        try:
            await self._collection.insert(documents)
        except Clash as clash:
            raise Clash([claim]) from clash
        self._work.settle(self._aggregate.collection, [entity.id for entity in entities])

    async def _put(self, entity: Any, extra: Document | None = None) -> None:
        """Write back what changed of an entity, and ``extra`` keys, if the stored version is the one before."""
        aggregate, before = self._aggregate, await self._before(entity)
        changes = aggregate.changes(before, entity) | (extra or {})
        claim = aggregate.claim([aggregate.shape.write(entity) | changes])
        self._work.claim(claim, aggregate.shape.write(before))
        guard = {"_id": entity.id, "version": entity.version - 1}
        try:
            matched = await self._collection.update_one(guard, {"$set": changes})
        except Clash as clash:
            raise Clash([claim]) from clash
        if matched != 1:
            raise TransientConflict
        self._work.lock(aggregate.collection, entity)
        self._work.settle(aggregate.collection, [entity.id])

    async def _before(self, entity: Any) -> E:
        """The entity as it was locked or last saved in this unit of work, or else as it is stored."""
        locked: E | None = self._work.locked(self._aggregate.collection, entity.id)
        if locked is not None:
            return locked
        try:
            return await self.get(entity.id)
        except NotFound:
            raise TransientConflict from None

"""The mapping that declares an entity, and the operations that all repositories share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from typing_extensions import override

from backends.mongo.collection import Collection, CollectionProvider, Filter, SortKeys
from backends.mongo.driver import Document
from backends.mongo.errors import ConstraintViolation
from backends.mongo.mapper import DocumentMapper
from backends.mongo.unit_of_work import UnitOfWork
from backends.mongo.violations import UniqueKey, WriteConstraints
from core.errors import NotFound, TransientConflict
from core.storage.repositories import Reader
from core.text import slug_range

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class DerivedKey:
    """A key computed from fields, such as a search key.

    Attributes:
        compute: from the values of ``fields``.
        fields: of the entity.
    """

    compute: Callable[..., Any]
    fields: tuple[str, ...]

    def derive(self, document: Document) -> Any:
        """The key of a document."""
        return self.compute(*(document[name] for name in self.fields))


@dataclass(frozen=True, slots=True)
class EntityMapping(Generic[E]):
    """Where and how an entity is stored.

    Attributes:
        name: as a client reads it in an error.
        collection: where it is stored.
        mapper: between entity and document.
        references: the collection that each reference points to, by field, in the order in which they are reported.
        unique_keys: in the order in which they are reported.
        derived_keys: by key.
    """

    name: str
    collection: str
    mapper: DocumentMapper[E]
    references: Mapping[str, str] = field(default_factory=dict)
    unique_keys: Sequence[UniqueKey] = ()
    derived_keys: Mapping[str, DerivedKey] = field(default_factory=dict)

    def to_document(self, entity: E) -> Document:
        """The document of an entity, with its derived keys."""
        document = self.mapper.to_document(entity)
        return document | {key: derived.derive(document) for key, derived in self.derived_keys.items()}

    def diff(self, before: E, after: E) -> Document:
        """The keys of the document that differ, with their values ``after``."""
        old, new = self.mapper.to_document(before), self.mapper.to_document(after)
        changed = {name: value for name, value in new.items() if value != old[name]}
        stale = {key: derived for key, derived in self.derived_keys.items() if changed.keys() & set(derived.fields)}
        return changed | {key: derived.derive(new) for key, derived in stale.items()}

    def constrain(self, documents: Sequence[Mapping[str, Any]]) -> WriteConstraints:
        """The constraints of such documents."""
        return WriteConstraints(self.collection, self.references, self.unique_keys, documents)


class MongoReader(Reader[E]):
    """Reads one entity's documents, outside of units of work or within one."""

    def __init__(self, mapping: EntityMapping[E], source: CollectionProvider) -> None:
        self._mapping = mapping
        self._source = source

    @property
    def _collection(self) -> Collection:
        return self._source.collection(self._mapping.collection)

    @override
    async def get(self, id: int) -> E:
        return await self._find_one({"_id": id}, id)

    async def _find_one(self, filter: Filter, key: object) -> E:
        """The entity with a unique key; raises NotFound with ``key``."""
        found = await self._collection.find(filter, self._mapping.mapper.projection, limit=1)
        if not found:
            raise NotFound(self._mapping.name, key)
        return self._mapping.mapper.to_entity(found[0])

    async def _find_all(self, filter: Filter, order: SortKeys) -> list[E]:
        found = await self._collection.find(filter, self._mapping.mapper.projection, order=order)
        return [self._mapping.mapper.to_entity(document) for document in found]

    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        """As ``SlugLookup.existing_slugs``, for entities with a slug."""
        ranges = [dict(zip(("$gte", "$lt"), slug_range(base), strict=True)) for base in bases]
        found = await self._collection.find({"$or": [{"slug": bounds} for bounds in ranges]}, {"_id": 0, "slug": 1})
        return {document["slug"] for document in found}


class MongoRepository(MongoReader[E]):
    """Writes one entity's documents in a unit of work."""

    def __init__(self, mapping: EntityMapping[E], unit: UnitOfWork) -> None:
        super().__init__(mapping, unit)
        self._unit = unit

    async def lock(self, id: int) -> E:
        """As ``Repository.lock``."""
        entity = await self.get(id)
        self._unit.lock(self._mapping.collection, entity)
        return entity

    async def save(self, entity: E) -> None:
        """As ``Repository.save``."""
        await self._update(entity)

    async def delete(self, id: int) -> None:
        """As ``Repository.delete``, without effects on other entities."""
        if not await self._collection.delete({"_id": id}):
            raise NotFound(self._mapping.name, id)
        self._unit.mark_deleted(self._mapping.collection, [id])

    async def _create(
        self, drafts: Sequence[Mapping[str, Any]], at: datetime, extra: Sequence[Document] | None = None
    ) -> list[E]:
        """Insert new entities from their values by field, each with the ``extra`` keys of its document."""
        ids = await self._unit.ids.allocate(self._mapping.collection, len(drafts))
        stamp = {"created_at": at, "updated_at": at, "version": 1}
        construct: Any = self._mapping.mapper.entity
        entities = [construct(id=key, **stamp, **draft) for key, draft in zip(ids, drafts, strict=True)]
        await self._insert(entities, extra or [{}] * len(entities))
        return entities

    async def _insert(self, entities: Sequence[Any], extra: Sequence[Document]) -> None:
        if not entities:
            return
        documents = [self._mapping.to_document(entity) | more for entity, more in zip(entities, extra, strict=True)]
        constraints = self._mapping.constrain(documents)
        self._unit.add_constraints(constraints)
        try:
            await self._collection.insert(documents)
        except ConstraintViolation as violation:
            raise ConstraintViolation([constraints]) from violation
        self._unit.mark_written(self._mapping.collection, [entity.id for entity in entities])

    async def _update(self, entity: Any, extra: Document | None = None) -> None:
        """Write what changed of an entity, and ``extra`` keys, if the stored version is one below the entity's."""
        mapping, before = self._mapping, await self._get_before(entity)
        changes = mapping.diff(before, entity) | (extra or {})
        constraints = mapping.constrain([mapping.mapper.to_document(entity) | changes])
        self._unit.add_constraints(constraints, mapping.mapper.to_document(before))
        guard = {"_id": entity.id, "version": entity.version - 1}
        try:
            matched = await self._collection.update_one(guard, {"$set": changes})
        except ConstraintViolation as violation:
            raise ConstraintViolation([constraints]) from violation
        if matched != 1:
            raise TransientConflict
        self._unit.lock(mapping.collection, entity)
        self._unit.mark_written(mapping.collection, [entity.id])

    async def _get_before(self, entity: Any) -> E:
        """The entity as it was locked or last saved in this unit of work, else as it is stored."""
        locked: E | None = self._unit.get_locked(self._mapping.collection, entity.id)
        if locked is not None:
            return locked
        try:
            return await self.get(entity.id)
        except NotFound:
            raise TransientConflict from None

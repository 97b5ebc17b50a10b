"""The mapping that declares an entity, and the operations that all repositories share."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

from typing_extensions import override

from backends.mongo.collection import Collection, CollectionProvider, Filter, SortKeys, Update
from backends.mongo.driver import Document
from backends.mongo.errors import ConstraintViolation
from backends.mongo.indexes import has_list_index
from backends.mongo.mapper import DocumentMapper, codecs_of
from backends.mongo.unit_of_work import UnitOfWork
from backends.mongo.violations import PendingWrite
from core.entities import ENTITY_TYPES, EntityType, OnDelete
from core.errors import NotFound, StillReferenced, TransientConflict
from core.storage.repositories import Reader, SlugLookup
from core.text import slug_range

E = TypeVar("E")


class EntityMapping(Generic[E]):
    """Where and how an entity is stored.

    Attributes:
        entity_type: its declaration.
        collection: the name of its collection.
        mapper: between entity, or a view of it such as an order without its items, and document.
    """

    def __init__(self, entity_type: EntityType[Any], view: type[E] | None = None) -> None:
        self.entity_type = entity_type
        self.collection = entity_type.plural
        self.mapper: DocumentMapper[E] = DocumentMapper(
            view or entity_type.entity,
            codecs_of(entity_type, view or entity_type.entity),
            unique_sorts=frozenset(unique.name for unique in entity_type.unique if len(unique.fields) == 1),
            filter_indexes=frozenset(name for name in entity_type.fields if has_list_index(entity_type.plural, name)),
            key=entity_type.key,
        )

    def to_document(self, entity: E) -> Document:
        """The document of an entity, with its derived keys."""
        document = self.mapper.to_document(entity)
        return document | self.entity_type.derive(document)

    def diff(self, before: E, after: E) -> Document:
        """The keys of the document that differ, with their values ``after``."""
        old, new = self.mapper.to_document(before), self.mapper.to_document(after)
        changed = {name: value for name, value in new.items() if value != old[name]}
        stale = [derived for derived in self.entity_type.derived if changed.keys() & set(derived.fields)]
        return changed | {derived.name: derived.of(new) for derived in stale}


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
            raise NotFound(self._mapping.entity_type.name, key)
        return self._mapping.mapper.to_entity(found[0])

    async def _find_all(self, filter: Filter, order: SortKeys) -> list[E]:
        found = await self._collection.find(filter, self._mapping.mapper.projection, order=order)
        return [self._mapping.mapper.to_entity(document) for document in found]


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

    async def delete(self, id: int, at: datetime) -> None:
        """As ``Repository.delete``."""
        if not await delete_entities(self._unit, self._mapping.entity_type, [id], at):
            raise NotFound(self._mapping.entity_type.name, id)

    async def _create(self, values: Sequence[Mapping[str, Any]], extra: Sequence[Document] | None = None) -> list[E]:
        """Insert new entities from their values by field, each with the ``extra`` keys of its document."""
        ids = await self._unit.ids.allocate(self._mapping.collection, len(values))
        construct: Any = self._mapping.mapper.entity
        entities = [construct(id=key, **one) for key, one in zip(ids, values, strict=True)]
        await self._insert(entities, extra or [{}] * len(entities))
        return entities

    async def _create_drafts(self, drafts: Sequence[object], at: datetime) -> list[E]:
        """Insert new entities as clients drafted them."""
        return await self._create([self._mapping.entity_type.new_values(draft, at) for draft in drafts])

    async def _insert(self, entities: Sequence[Any], extra: Sequence[Document]) -> None:
        if not entities:
            return
        documents = [self._mapping.to_document(entity) | more for entity, more in zip(entities, extra, strict=True)]
        write = PendingWrite(self._mapping.entity_type, documents)
        self._unit.add_write(write)
        try:
            await self._collection.insert(documents)
        except ConstraintViolation as violation:
            raise ConstraintViolation([write]) from violation
        self._unit.mark_written(self._mapping.collection, [entity.id for entity in entities])

    async def _update(self, entity: Any, extra: Document | None = None) -> None:
        """Write what changed of an entity, and ``extra`` keys, if the stored version is one below the entity's."""
        mapping, before = self._mapping, await self._get_before(entity)
        changes = mapping.diff(before, entity) | (extra or {})
        write = PendingWrite(mapping.entity_type, [mapping.mapper.to_document(entity) | changes])
        self._unit.add_write(write, mapping.mapper.to_document(before))
        guard = {"_id": entity.id, "version": entity.version - 1}
        try:
            matched = await self._collection.update_one(guard, {"$set": changes})
        except ConstraintViolation as violation:
            raise ConstraintViolation([write]) from violation
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


class MongoSlugRepository(MongoRepository[E], SlugLookup):
    """Writes entities with a slug."""

    @override
    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        ranges = [dict(zip(("$gte", "$lt"), slug_range(base), strict=True)) for base in bases]
        found = await self._collection.find({"$or": [{"slug": bounds} for bounds in ranges]}, {"_id": 0, "slug": 1})
        return {document["slug"] for document in found}


class MongoQuantityRepository(MongoRepository[E]):
    """Writes entities with a quantity that is guarded, such as stock or money."""

    async def _lock_many(self, ids: Sequence[int]) -> dict[int, E]:
        entities: list[Any] = await self._find_all({"_id": {"$in": sorted(ids)}}, [("_id", 1)])
        for entity in entities:
            self._unit.lock(self._mapping.collection, entity)
        return {entity.id: entity for entity in entities}

    async def _adjust(self, field: str, high: int, changes: Mapping[int, int], at: datetime) -> None:
        """Add to the quantity of each entity.

        Raises:
            TransientConflict: an entity is gone, or its quantity would leave 0 to ``high``.
        """
        if not changes:
            return
        updates = [_adjustment(field, high, *change, at) for change in sorted(changes.items())]
        if await self._collection.update_each(updates) != len(updates):
            raise TransientConflict
        self._unit.mark_written(self._mapping.collection, changes)


def _adjustment(field: str, high: int, id: int, change: int, at: datetime) -> tuple[Filter, Update]:
    guard = {"$gte": -change} if change < 0 else {"$lte": high - change}
    return {"_id": id, field: guard}, {"$inc": {field: change, "version": 1}, "$max": {"updated_at": at}}


_Cascades = defaultdict[str, list[tuple[str, Sequence[int]]]]
"""By collection, the references by which its documents are deleted: a field, and the ids that it refers to."""


async def delete_entities(unit: UnitOfWork, entity_type: EntityType[Any], ids: Sequence[int], at: datetime) -> int:
    """Delete entities, with the declared effects on those that refer to them; how many there were.

    Raises:
        StillReferenced: an entity that restricts deletion refers to one of them.
    """
    deleted = await unit.collection(entity_type.plural).delete({"_id": {"$in": ids}}) if ids else 0
    if not deleted:
        return 0
    cascades: _Cascades = defaultdict(list)
    await _apply_effects(unit, entity_type, ids, at, cascades)
    for plural, references in cascades.items():
        await unit.collection(plural).delete({"$or": [{field: {"$in": to}} for field, to in references]})
        unit.mark_deleted_where(plural, partial(_refers, references))
    unit.mark_deleted(entity_type.plural, ids)
    return deleted


def _refers(references: Sequence[tuple[str, Sequence[int]]], entity: Any) -> bool:
    return any(getattr(entity, field) in to for field, to in references)


async def _apply_effects(
    unit: UnitOfWork, entity_type: EntityType[Any], ids: Sequence[int], at: datetime, cascades: _Cascades
) -> None:
    """Check what restricts a deletion, change what loses a reference, and add what is deleted to ``cascades``."""
    for referrer in ENTITY_TYPES.referrers(entity_type):
        field, owner = referrer.reference.field, referrer.owner
        collection = unit.collection(owner.plural)
        referring: Filter = {f"{referrer.part}.{field}" if referrer.part else field: {"$in": ids}}
        match referrer.reference.on_delete:
            case OnDelete.RESTRICT:
                if await collection.find(referring, {"_id": 1}, limit=1):
                    raise StillReferenced(entity_type.name, referrer.label)
            case OnDelete.SET_NULL:
                await collection.update_many(referring, {"$set": {field: None}, **new_version(at)})
            case OnDelete.CASCADE:
                cascades[owner.plural].append((field, ids))
                if ENTITY_TYPES.referrers(owner):
                    found = [document["_id"] for document in await collection.find(referring, {"_id": 1})]
                    await _apply_effects(unit, owner, found, at, cascades)
                    unit.mark_deleted(owner.plural, found)
    for owner, link in ENTITY_TYPES.linked_from(entity_type):
        unlinked = {"$pull": {link.field: {"id": {"$in": ids}}}, **new_version(at)}
        await unit.collection(owner.plural).update_many({f"{link.field}.id": {"$in": ids}}, unlinked)


def new_version(at: datetime) -> Document:
    """The update operators that every change ``at`` that time has."""
    return {"$max": {"updated_at": at}, "$inc": {"version": 1}}

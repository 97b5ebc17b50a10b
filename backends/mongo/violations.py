"""The writes of a unit of work, and the queries by which core finds out which constraint one of them violated."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from backends.mongo.collection import CollectionProvider
from backends.mongo.driver import Document
from core.entities import EntityType
from core.storage.violations import ConstraintReader, Values, Write


@dataclass(frozen=True, slots=True)
class PendingWrite:
    """Documents of an entity that a unit of work writes, each with its ``_id``; keys left out are not checked."""

    entity_type: EntityType[Any]
    documents: Sequence[Document]

    def to_write(self) -> Write:
        """The same, as core checks it."""
        return Write(self.entity_type, [{**document, "id": document["_id"]} for document in self.documents])


class MongoConstraintReader(ConstraintReader):
    """Reads outside a unit of work."""

    def __init__(self, source: CollectionProvider) -> None:
        self._source = source

    @override
    async def existing_ids(self, plural: str, ids: Collection[int]) -> Collection[int]:
        found = await self._source.collection(plural).find({"_id": {"$in": list(ids)}}, {"_id": 1})
        return [document["_id"] for document in found]

    @override
    async def matching_any(
        self, entity_type: EntityType[Any], wanted: Mapping[str, Collection[Any]]
    ) -> Iterable[Values]:
        keys = [key for unique in entity_type.unique for key in unique.keys]
        alike = [{key: {"$in": list(values)}} for key, values in wanted.items()]
        found = await self._source.collection(entity_type.plural).find({"$or": alike}, dict.fromkeys(keys, 1))
        return [{**dict.fromkeys(keys), **document, "id": document["_id"]} for document in found]

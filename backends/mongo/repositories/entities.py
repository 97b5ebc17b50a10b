"""Entities that have no methods of their own: all that their declarations promise."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from typing_extensions import override

from backends.mongo.pagination import build_filter, fetch_page
from backends.mongo.repository import EntityMapping, MongoReader, MongoRepository
from core.entities import EntityType
from core.storage import Page, PageRequest
from core.storage.repositories import EntityReader, EntityRepository

E = TypeVar("E")


@cache
def mapping_of(entity_type: EntityType[Any]) -> EntityMapping[Any]:
    """The mapping of an entity."""
    return EntityMapping(entity_type)


class MongoEntityReader(MongoReader[E], EntityReader[E]):
    """An entity."""

    @override
    async def page(self, filter: object, page_request: PageRequest) -> Page[E]:
        matching = build_filter(self._mapping.entity_type, filter)
        return await fetch_page(self._collection, matching, page_request, self._mapping.mapper)


class MongoEntityRepository(MongoRepository[E], MongoEntityReader[E], EntityRepository[E]):
    """An entity in a unit of work."""

    @override
    async def add(self, drafts: Sequence[object], at: datetime) -> list[E]:
        return await self._create_drafts(drafts, at)

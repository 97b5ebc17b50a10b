"""Entities that have no methods of their own: all that their declarations promise."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from typing_extensions import override

from backends.sql.pagination import filter_values
from backends.sql.repository import EntityMapping, SqlReader, SqlRepository
from core.entities import EntityType
from core.storage import Page, PageRequest
from core.storage.repositories import EntityReader, EntityRepository

E = TypeVar("E")


@cache
def mapping_of(entity_type: EntityType[Any]) -> EntityMapping[Any]:
    """The mapping of an entity, whose statements are built once."""
    return EntityMapping(entity_type)


class SqlEntityReader(SqlReader[E], EntityReader[E]):
    """An entity, outside a unit of work."""

    @override
    async def page(self, filter: object, page_request: PageRequest) -> Page[E]:
        values = filter_values(self._mapping.entity_type, filter)
        return await self._mapping.pages.page(self._executor, values, page_request)


class SqlEntityRepository(SqlRepository[E], SqlEntityReader[E], EntityRepository[E]):
    """An entity, in a unit of work."""

    @override
    async def add(self, drafts: Sequence[object], at: datetime) -> list[E]:
        return await self._insert_drafts(drafts, at)

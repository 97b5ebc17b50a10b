"""Entities that have no methods of their own: all that their declarations promise."""

from collections.abc import Callable, Sequence
from datetime import datetime

from typing_extensions import override

from core.entities import EntityType
from core.storage import Page, PageRequest
from core.storage.repositories import EntityReader, EntityRepository
from stockroom_memory.pagination import matching, page
from stockroom_memory.repository import MemoryReader, MemoryRepository
from stockroom_memory.tables import Tables
from stockroom_memory.unit_of_work import UnitOfWork, V


class MemoryEntityReader(MemoryReader[V], EntityReader[V]):
    """An entity as committed."""

    def __init__(self, entity_type: EntityType[V], tables: Callable[[], Tables]) -> None:
        super().__init__(tables)
        self.entity_type = entity_type

    @override
    async def page(self, filter: object, page_request: PageRequest) -> Page[V]:
        return page(matching(self._read(), filter), page_request)


class MemoryEntityRepository(MemoryRepository[V], EntityRepository[V]):
    """An entity in a unit of work."""

    def __init__(self, entity_type: EntityType[V], unit: UnitOfWork) -> None:
        super().__init__(unit)
        self.entity_type = entity_type

    @override
    async def add(self, drafts: Sequence[object], at: datetime) -> list[V]:
        return await self._insert_drafts(drafts, at)

    @override
    async def page(self, filter: object, page_request: PageRequest) -> Page[V]:
        return page(matching(self._read(), filter), page_request)

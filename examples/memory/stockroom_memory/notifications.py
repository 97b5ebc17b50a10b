"""Notifications."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from core.entities import NOTIFICATION, Notification, NotificationDraft
from core.storage import Page, PageRequest
from core.storage.repositories import NotificationReader, NotificationRepository
from core.storage.round_trips import record_start
from stockroom_memory.pagination import page
from stockroom_memory.repository import MemoryReader, MemoryRepository


class MemoryNotificationReader(MemoryReader[Notification], NotificationReader):
    """Notifications as committed."""

    entity_type = NOTIFICATION

    @override
    async def page(self, user_id: int, page_request: PageRequest) -> Page[Notification]:
        return page([one for one in self._read().rows.values() if one.user_id == user_id], page_request)


class MemoryNotificationRepository(MemoryRepository[Notification], MemoryNotificationReader, NotificationRepository):
    """Notifications in a unit of work."""

    @override
    async def add(self, drafts: Sequence[NotificationDraft], at: datetime) -> list[Notification]:
        return await self._insert_drafts(drafts, at)

    @override
    async def delete_of_user(self, user_id: int, at: datetime) -> None:
        record_start("delete notifications")
        of_user = {one.id for one in self._stored.values() if one.user_id == user_id}
        await self._unit.delete(NOTIFICATION, of_user, at)

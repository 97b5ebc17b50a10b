"""Notifications."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from core.entities import Notification, NotificationDraft
from core.storage import Page, PageRequest
from stockroom_memory.listing import matching, page
from stockroom_memory.repository import MemoryReader, MemoryRepository
from stockroom_memory.schema import NOTIFICATIONS


class MemoryNotificationReader(MemoryReader[Notification]):
    """See ``NotificationReader``."""

    kind = NOTIFICATIONS

    async def page(self, user_id: int, page_request: PageRequest) -> Page[Notification]:
        """See ``NotificationReader.page``."""
        return page(matching(self._read(), user_id=user_id), page_request)


class MemoryNotificationRepository(MemoryRepository[Notification], MemoryNotificationReader):
    """See ``NotificationRepository``."""

    async def add(self, drafts: Sequence[NotificationDraft], at: datetime) -> list[Notification]:
        """See ``Repository.add``."""
        return self._insert([asdict(draft) for draft in drafts], at)

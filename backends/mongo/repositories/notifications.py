"""Notifications."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from backends.mongo.mapper import DocumentMapper
from backends.mongo.pagination import fetch_page
from backends.mongo.repository import EntityMapping, MongoReader, MongoRepository
from core.entities import Notification, NotificationDraft
from core.entities.construct import shallow_asdict
from core.storage import Page, PageRequest
from core.storage.repositories import NotificationReader, NotificationRepository

NOTIFICATIONS = EntityMapping(
    "notification",
    "notifications",
    DocumentMapper(Notification, filter_indexes={"user_id"}),
    references={"user_id": "users", "order_id": "orders"},
)


class MongoNotificationReader(MongoReader[Notification], NotificationReader):
    """Notifications."""

    @override
    async def page(self, user_id: int, page_request: PageRequest) -> Page[Notification]:
        return await fetch_page(self._collection, {"user_id": user_id}, page_request, NOTIFICATIONS.mapper)


class MongoNotificationRepository(MongoRepository[Notification], MongoNotificationReader, NotificationRepository):
    """Notifications in a unit of work."""

    @override
    async def add(self, drafts: Sequence[NotificationDraft], at: datetime) -> list[Notification]:
        return await self._create([shallow_asdict(draft) | {"is_read": False} for draft in drafts], at)

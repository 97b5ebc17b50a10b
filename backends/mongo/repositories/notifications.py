"""Notifications."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from backends.mongo.pagination import fetch_page
from backends.mongo.repository import EntityMapping, MongoReader, MongoRepository
from core.entities import NOTIFICATION, Notification, NotificationDraft
from core.storage import Page, PageRequest
from core.storage.repositories import NotificationReader, NotificationRepository

NOTIFICATIONS: EntityMapping[Notification] = EntityMapping(NOTIFICATION)


class MongoNotificationReader(MongoReader[Notification], NotificationReader):
    """Notifications."""

    @override
    async def page(self, user_id: int, page_request: PageRequest) -> Page[Notification]:
        return await fetch_page(self._collection, {"user_id": user_id}, page_request, NOTIFICATIONS.mapper)


class MongoNotificationRepository(MongoRepository[Notification], MongoNotificationReader, NotificationRepository):
    """Notifications in a unit of work."""

    @override
    async def add(self, drafts: Sequence[NotificationDraft], at: datetime) -> list[Notification]:
        return await self._create_drafts(drafts, at)

    @override
    async def delete_of_user(self, user_id: int, at: datetime) -> None:
        await self._collection.delete({"user_id": user_id})
        self._unit.mark_deleted_where(NOTIFICATIONS.collection, lambda one: one.user_id == user_id)

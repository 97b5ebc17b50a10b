"""Notifications."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam
from typing_extensions import override

from backends.sql.pagination import PagedQuery
from backends.sql.repository import EntityMapping, SqlReader, SqlRepository
from core.entities import NOTIFICATION, Notification, NotificationDraft
from core.storage import Page, PageRequest
from core.storage.repositories import NotificationReader, NotificationRepository

NOTIFICATIONS: EntityMapping[Notification] = EntityMapping(NOTIFICATION)
notifications = NOTIFICATIONS.table
_CONDITIONS = {"user_id": notifications.c.user_id == bindparam("user_id")}
_PAGES = PagedQuery(NOTIFICATIONS.all, notifications, NOTIFICATIONS.mapper.read, _CONDITIONS)


class SqlNotificationReader(SqlReader[Notification], NotificationReader):
    """Notifications, outside a unit of work."""

    @override
    async def page(self, user_id: int, page_request: PageRequest) -> Page[Notification]:
        return await _PAGES.page(self._executor, {"user_id": user_id}, page_request)


class SqlNotificationRepository(SqlRepository[Notification], SqlNotificationReader, NotificationRepository):
    """Notifications, in a unit of work."""

    @override
    async def add(self, drafts: Sequence[NotificationDraft], at: datetime) -> list[Notification]:
        return await self._insert_drafts(drafts, at)

    @override
    async def delete_of_user(self, user_id: int, at: datetime) -> None:
        await self._executor.write(notifications.delete().where(notifications.c.user_id == user_id))

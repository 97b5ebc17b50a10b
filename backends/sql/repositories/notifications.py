"""Notifications."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam
from typing_extensions import override

from backends.sql.mapper import RowMapper
from backends.sql.pagination import PagedQuery
from backends.sql.repository import EntityMapping, SqlReader, SqlRepository
from backends.sql.schema import notifications
from core.entities import Notification, NotificationDraft
from core.entities.construct import shallow_asdict
from core.storage import Page, PageRequest
from core.storage.repositories import NotificationReader, NotificationRepository

NOTIFICATIONS = EntityMapping("notification", RowMapper(Notification, notifications))
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
        return await self._insert([{**shallow_asdict(draft), "is_read": False} for draft in drafts], at)

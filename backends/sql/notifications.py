"""Notifications."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from backends.sql.aggregate import Aggregate, SqlReader, SqlRepository
from backends.sql.listing import Source
from backends.sql.mapping import Shape
from backends.sql.schema import notifications
from core.entities import Notification, NotificationDraft
from core.storage import Page, Window

NOTIFICATIONS = Aggregate("notification", Shape(Notification, notifications))
_PAGES = Source(NOTIFICATIONS.all, notifications, NOTIFICATIONS.shape.read)


class SqlNotificationReader(SqlReader[Notification]):
    """See ``NotificationReader``."""

    async def page(self, user_id: int, window: Window) -> Page[Notification]:
        """See ``NotificationReader.page``."""
        conditions = [notifications.c.user_id == user_id]
        return await _PAGES.page(self._rows, conditions, window)


class SqlNotificationRepository(SqlRepository[Notification], SqlNotificationReader):
    """See ``NotificationRepository``."""

    async def add(self, drafts: Sequence[NotificationDraft], at: datetime) -> list[Notification]:
        """See ``Repository.add``."""
        return await self.store([{**asdict(draft), "is_read": False} for draft in drafts], at)

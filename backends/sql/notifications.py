"""Notifications."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam

from backends.sql.aggregate import Aggregate, SqlReader, SqlRepository
from backends.sql.listing import Source
from backends.sql.mapping import Shape
from backends.sql.schema import notifications
from core.entities import Notification, NotificationDraft
from core.entities.construct import shallow_asdict
from core.storage import Page, PageRequest

NOTIFICATIONS = Aggregate("notification", Shape(Notification, notifications))
_CONDITIONS = {"user_id": notifications.c.user_id == bindparam("user_id")}
_PAGES = Source(NOTIFICATIONS.all, notifications, NOTIFICATIONS.shape.read, _CONDITIONS)


class SqlNotificationReader(SqlReader[Notification]):
    """See ``NotificationReader``."""

    async def page(self, user_id: int, page_request: PageRequest) -> Page[Notification]:
        """See ``NotificationReader.page``."""
        return await _PAGES.page(self._rows, {"user_id": user_id}, page_request)


class SqlNotificationRepository(SqlRepository[Notification], SqlNotificationReader):
    """See ``NotificationRepository``."""

    async def add(self, drafts: Sequence[NotificationDraft], at: datetime) -> list[Notification]:
        """See ``Repository.add``."""
        return await self.store([{**shallow_asdict(draft), "is_read": False} for draft in drafts], at)

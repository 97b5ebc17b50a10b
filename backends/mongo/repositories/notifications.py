"""Notifications."""

from collections.abc import Sequence
from datetime import datetime

from backends.mongo.aggregate import Aggregate, MongoReader, MongoRepository
from backends.mongo.shape import Shape
from backends.mongo.windows import page
from core.entities import Notification, NotificationDraft
from core.entities.construct import shallow_asdict
from core.storage import Page, PageRequest

NOTIFICATIONS = Aggregate(
    "notification",
    "notifications",
    Shape(Notification, listed={"user_id"}),
    references={"user_id": "users", "order_id": "orders"},
)


class MongoNotificationReader(MongoReader[Notification]):
    """See ``NotificationReader``."""

    async def page(self, user_id: int, page_request: PageRequest) -> Page[Notification]:
        """See ``NotificationReader.page``."""
        return await page(self._collection, {"user_id": user_id}, page_request, NOTIFICATIONS.shape)


class MongoNotificationRepository(MongoRepository[Notification], MongoNotificationReader):
    """See ``NotificationRepository``."""

    async def add(self, drafts: Sequence[NotificationDraft], at: datetime) -> list[Notification]:
        """See ``Repository.add``."""
        return await self._store([shallow_asdict(draft) | {"is_read": False} for draft in drafts], at)

"""Notifications of users."""

from core.entities import Notification
from core.services.versioning import ExpectedVersions, change
from core.storage import PageRequest, Storage
from core.storage.pages import Page


async def of_user(storage: Storage, user_id: int, page_request: PageRequest) -> Page[Notification]:
    """A page of a user's notifications."""
    page = await storage.notifications.page(user_id, page_request)
    if not page.items:
        await storage.users.get(user_id)
    return page


async def mark_read(storage: Storage, id: int, expected: ExpectedVersions = None) -> Notification:
    """Mark a notification as read; no change where it is read already."""
    return await storage.run(lambda tx: change(tx.notifications, id, {"is_read": True}, expected))

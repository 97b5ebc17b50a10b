"""Notifications of users."""

from core.entities import Notification
from core.services.updates import Versions, change
from core.storage import Storage, Window
from core.storage.pages import Page


async def of_user(storage: Storage, user_id: int, window: Window) -> Page[Notification]:
    """A page of a user's notifications."""
    page = await storage.notifications.page(user_id, window)
    if not page.items:
        await storage.users.get(user_id)
    return page


async def mark_read(storage: Storage, id: int, expected: Versions = None) -> Notification:
    """Mark a notification as read; no change where it is read already."""
    return await storage.run(lambda tx: change(tx.notifications, id, {"is_read": True}, expected))

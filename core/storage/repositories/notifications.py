"""Notifications."""

from datetime import datetime
from typing import Protocol

from core.entities import Notification, NotificationDraft
from core.storage.pages import Page, PageRequest
from core.storage.repositories.repository import Reader, Repository


class NotificationReader(Reader[Notification], Protocol):
    """Notifications."""

    async def page(self, user_id: int, page_request: PageRequest) -> Page[Notification]:
        """A page of a user's notifications."""
        ...


class NotificationRepository(NotificationReader, Repository[Notification, NotificationDraft], Protocol):
    """Notifications in a unit of work."""

    async def delete_of_user(self, user_id: int, at: datetime) -> None:
        """Remove all notifications of a user."""
        ...

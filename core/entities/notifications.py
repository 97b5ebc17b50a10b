"""Notifications that a user reads."""

from dataclasses import dataclass

from core.entities.fields import Id, VersionedEntity

MAX_MESSAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationDraft:
    """A message for a user, perhaps about an order; at most ``MAX_MESSAGE`` code points."""

    user_id: Id
    order_id: Id | None = None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification(VersionedEntity):
    """A stored notification."""

    user_id: Id
    order_id: Id | None
    message: str
    is_read: bool = False

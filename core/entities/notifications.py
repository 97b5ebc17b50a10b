"""Notifications that a user reads."""

from dataclasses import dataclass
from typing import Annotated

from core.entities.entity_type import EntityType, OnDelete, Reference
from core.entities.fields import Id, Text, VersionedEntity

MAX_MESSAGE = 500
Message = Annotated[str, Text(1, MAX_MESSAGE)]


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
    message: Message
    is_read: bool = False


NOTIFICATION = EntityType(
    entity=Notification,
    name="notification",
    plural="notifications",
    references=[
        Reference("user_id", "users", OnDelete.CASCADE),
        Reference("order_id", "orders", OnDelete.CASCADE),
    ],
)

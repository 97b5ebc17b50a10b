"""Notifications; they are listed under their user."""

from api.auth.permissions import Audience, Permission
from api.dependencies import StorageDep
from api.http.fields import PathId
from api.preconditions import ExpectedVersions
from api.routing import Router
from core.entities import Notification
from core.services import notifications

router = Router("notifications")

OWN_NOTIFICATIONS = Permission(audience=Audience.USER, description="its own notifications")


@router.post("/{id}/read", permission=OWN_NOTIFICATIONS)
async def read_notification(id: PathId, storage: StorageDep, expected: ExpectedVersions) -> Notification:
    """Mark a notification as read.

    Does nothing where it is read already.
    """
    return await notifications.mark_read(storage, id, expected)

"""Notifications; they are listed under their user."""

from api.dependencies import StorageDep
from api.parameters import PathId
from api.preconditions import ExpectedVersions
from api.routes import router as make_router
from core.entities import Notification
from core.services import notifications

router = make_router("notifications")


@router.post("/{id}/read")
async def read_notification(id: PathId, storage: StorageDep, expected: ExpectedVersions) -> Notification:
    """Mark a notification as read.

    Does nothing where it is read already.
    """
    return await notifications.mark_read(storage, id, expected)

"""Tickets."""

from datetime import datetime

from backends.mongo.documents.fields import Stored, index
from core.entities import EntryKind


class TicketDocument(Stored):
    """A ticket, whose key is its id. No index lets the server remove expired ones: its clock is not the shop's."""

    id: str  # type: ignore[assignment]
    kind: EntryKind
    user_id: int | None
    value: str
    expires_at: datetime
    holds: int = 0

    class Settings:
        """See Beanie."""

        name = "tickets"
        indexes = (index("user_id"), index("expires_at"))

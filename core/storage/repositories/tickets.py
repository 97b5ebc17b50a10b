"""Tickets."""

from datetime import datetime
from typing import Protocol

from core.entities import Ticket, TicketKind, User


class TicketReader(Protocol):
    """Tickets. ``at`` is the time that expiry is judged by; an expired ticket counts as absent everywhere."""

    async def get(self, key: str, at: datetime) -> Ticket | None:
        """The ticket under a key."""
        ...

    async def holder(self, key: str, at: datetime) -> User | None:
        """The user of the ticket under a key, in one round trip; None where the ticket is absent or has no user."""
        ...


class TicketRepository(TicketReader, Protocol):
    """Tickets in a unit of work. Of the errors above, UnknownReference for a user that is not there."""

    async def claim(self, ticket: Ticket, at: datetime) -> Ticket | None:
        """Store a ticket under a key that is free, and return None; else the one that has the key, held as by ``lock``.

        Of two units of work that claim a key at once, one waits until the other has ended, or is run again.
        """
        ...

    async def lock(self, key: str, at: datetime) -> Ticket | None:
        """The ticket under a key as it is now, held against changes by others until the unit of work ends."""
        ...

    async def save(self, ticket: Ticket) -> None:
        """Store the value and the expiry of a ticket that was claimed or locked."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the ticket under a key, if there is one."""
        ...

    async def delete_of(self, user_id: int, kind: TicketKind, keep: str | None = None) -> int:
        """Remove a user's tickets of a kind, but the one under ``keep``; their number."""
        ...

    async def delete_expired(self, at: datetime, most: int = 1000) -> int:
        """Remove expired tickets, ``most`` at most; their number. Fewer than ``most`` are all there are."""
        ...

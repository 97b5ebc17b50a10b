"""Tickets."""

from datetime import datetime
from typing import Protocol

from core.entities import EntryKind, ExpiringEntry, User


class ExpiringEntryReader(Protocol):
    """Tickets. ``at`` is the time that expiry is judged by; an expired entry counts as absent everywhere."""

    async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
        """The entry under a key."""
        ...

    async def owner(self, key: str, at: datetime) -> User | None:
        """The user of the entry under a key, in one round trip; None where the entry is absent or has no user."""
        ...


class ExpiringEntryRepository(ExpiringEntryReader, Protocol):
    """Tickets in a unit of work. Of the errors above, UnknownReference for a user that is not there."""

    async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
        """Store an entry under a key that is free, and return None; else the one that has the key, held as by ``lock``.

        Of two units of work that claim a key at once, one waits until the other has ended, or is run again.
        """
        ...

    async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
        """The entry under a key as it is now, held against changes by others until the unit of work ends."""
        ...

    async def save(self, entry: ExpiringEntry) -> None:
        """Store the value and the expiry of an entry that was claimed or locked."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the entry under a key, if there is one."""
        ...

    async def delete_for_user(self, user_id: int, kind: EntryKind, keep: str | None = None) -> int:
        """Remove a user's tickets of a kind, but the one under ``keep``; their number."""
        ...

    async def delete_expired(self, at: datetime, most: int = 1000) -> int:
        """Remove expired tickets, ``most`` at most; their number. Fewer than ``most`` are all there are."""
        ...

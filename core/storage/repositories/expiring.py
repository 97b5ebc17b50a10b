"""Values that are kept under a key until they expire."""

from datetime import datetime
from typing import Protocol

from core.entities import EntryKind, ExpiringEntry, User


class ExpiringEntryReader(Protocol):
    """Expiring entries. ``at`` is the time by which expiry is decided; an expired entry is absent for every method."""

    async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
        """The entry under a key."""
        ...

    async def owner(self, key: str, at: datetime) -> User | None:
        """The user of the entry under a key, in one round trip; None where the entry is absent or has no user."""
        ...


class ExpiringEntryRepository(ExpiringEntryReader, Protocol):
    """Expiring entries in a unit of work. UnknownReference where the user does not exist."""

    async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
        """Insert an entry and return None; where its key is in use, return the stored entry, locked as by ``lock``.

        Of two units of work that insert a key at once, one waits until the other has ended, or is run again.
        """
        ...

    async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
        """The entry under a key as it is now, locked until the unit of work ends."""
        ...

    async def save(self, entry: ExpiringEntry) -> None:
        """Store the value and the expiry of an entry that was inserted or locked."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the entry under a key, if there is one."""
        ...

    async def delete_for_user(self, user_id: int, kind: EntryKind, keep: str | None = None) -> int:
        """Remove a user's entries of a kind, except the one under ``keep``; return their number."""
        ...

    async def delete_expired(self, at: datetime, most: int = 1000) -> int:
        """Remove at most ``most`` expired entries; return their number. Fewer than ``most`` means that none is left."""
        ...

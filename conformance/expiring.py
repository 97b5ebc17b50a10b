"""Expiring entries for tests to work with."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from core.entities import EntryKind, ExpiringEntry
from core.storage import Storage, Transaction

NOW = datetime(2001, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
"""The time of these tests: long ago, so that a backend that reads its database's clock fails."""

MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)


def make_entry(name: str, value: str = "", **fields: Any) -> ExpiringEntry:
    """The entry under a name: by default a session without a user that expires in an hour."""
    defaults: dict[str, Any] = {"kind": EntryKind.SESSION, "expires_at": NOW + HOUR}
    return ExpiringEntry(key=key_of(name), value=value, **(defaults | fields))


def key_of(name: str) -> str:
    """The key under a name, hashed as core hashes keys."""
    return sha256(name.encode()).hexdigest()


async def insert_or_lock(storage: Storage, *entries: ExpiringEntry) -> Sequence[ExpiringEntry | None]:
    """The result of ``insert_or_lock`` for each entry, all in one unit of work."""

    async def work(tx: Transaction) -> list[ExpiringEntry | None]:
        return [await tx.expiring.insert_or_lock(entry, NOW) for entry in entries]

    return await storage.run(work)


async def find_entries(storage: Storage, *names: str, at: datetime = NOW) -> list[ExpiringEntry | None]:
    """The entries under these names, read in every way there is.

    Raises:
        AssertionError: the ways differ.
    """

    async def work(tx: Transaction) -> list[list[ExpiringEntry | None]]:
        ways = (tx.expiring.get, tx.expiring.lock)
        return [[await way(key_of(name), at) for name in names] for way in ways]

    outside = [await storage.expiring.get(key_of(name), at) for name in names]
    assert await storage.run(work) == [outside] * 2
    return outside


async def find_values(storage: Storage, *names: str) -> list[str | None]:
    """The values of the entries under these names."""
    return [None if entry is None else entry.value for entry in await find_entries(storage, *names)]

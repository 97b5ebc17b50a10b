"""Tickets for tests to stand on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from core.entities import EntryKind, ExpiringEntry
from core.storage import Storage, Transaction

AT = datetime(2001, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
"""The time of these tests: long ago, so that nothing is right only by the clock of a database."""

MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)


def entry_of(name: str, value: str = "", **fields: Any) -> ExpiringEntry:
    """The entry under a name: a session's, nobody's, which expires in an hour, unless ``fields`` say otherwise."""
    given: dict[str, Any] = {"kind": EntryKind.SESSION, "expires_at": AT + HOUR} | fields
    return ExpiringEntry(key=key_of(name), value=value, **given)


def key_of(name: str) -> str:
    """A key as core makes them."""
    return sha256(name.encode()).hexdigest()


async def claimed(storage: Storage, *tickets: ExpiringEntry) -> Sequence[ExpiringEntry | None]:
    """What claiming each comes to, all of them in one unit of work."""

    async def work(tx: Transaction) -> list[ExpiringEntry | None]:
        return [await tx.expiring.insert_or_lock(entry, AT) for entry in tickets]

    return await storage.run(work)


async def found(storage: Storage, *names: str, at: datetime = AT) -> list[ExpiringEntry | None]:
    """The tickets under these names, as every way to read them shows them.

    Raises:
        AssertionError: the ways differ.
    """

    async def work(tx: Transaction) -> list[list[ExpiringEntry | None]]:
        ways = (tx.expiring.get, tx.expiring.lock)
        return [[await way(key_of(name), at) for name in names] for way in ways]

    outside = [await storage.expiring.get(key_of(name), at) for name in names]
    assert await storage.run(work) == [outside] * 2
    return outside


async def values(storage: Storage, *names: str) -> list[str | None]:
    """The values of the tickets under these names."""
    return [None if entry is None else entry.value for entry in await found(storage, *names)]

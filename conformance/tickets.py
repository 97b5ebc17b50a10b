"""Tickets for tests to stand on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from core.entities import Ticket, TicketKind
from core.storage import Storage, Transaction

AT = datetime(2001, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
"""The time of these tests: long ago, so that nothing is right only by the clock of a database."""

MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)


def ticket_of(name: str, value: str = "", **fields: Any) -> Ticket:
    """The ticket under a name: a session's, nobody's, which expires in an hour, unless ``fields`` say otherwise."""
    given: dict[str, Any] = {"kind": TicketKind.SESSION, "expires_at": AT + HOUR} | fields
    return Ticket(key=key_of(name), value=value, **given)


def key_of(name: str) -> str:
    """A key as core makes them."""
    return sha256(name.encode()).hexdigest()


async def claimed(storage: Storage, *tickets: Ticket) -> Sequence[Ticket | None]:
    """What claiming each comes to, all of them in one unit of work."""

    async def work(tx: Transaction) -> list[Ticket | None]:
        return [await tx.tickets.claim(ticket, AT) for ticket in tickets]

    return await storage.run(work)


async def found(storage: Storage, *names: str, at: datetime = AT) -> list[Ticket | None]:
    """The tickets under these names, as every way to read them shows them.

    Raises:
        AssertionError: the ways differ.
    """

    async def work(tx: Transaction) -> list[list[Ticket | None]]:
        ways = (tx.tickets.get, tx.tickets.lock)
        return [[await way(key_of(name), at) for name in names] for way in ways]

    outside = [await storage.tickets.get(key_of(name), at) for name in names]
    assert await storage.run(work) == [outside] * 2
    return outside


async def values(storage: Storage, *names: str) -> list[str | None]:
    """The values of the tickets under these names."""
    return [None if ticket is None else ticket.value for ticket in await found(storage, *names)]

"""Tickets."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import islice

from core.entities import Ticket, TicketKind, User
from core.errors import TransientConflict
from core.storage.trips import note
from stockroom_memory.schema import TICKETS, USERS, StoredTicket
from stockroom_memory.table import Table, Tables
from stockroom_memory.unit import Unit


class MemoryTicketReader:
    """See ``TicketReader``."""

    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def get(self, key: str, at: datetime) -> Ticket | None:
        """See ``TicketReader.get``."""
        return _alive(self._read(), key, at)

    async def holder(self, key: str, at: datetime) -> User | None:
        """See ``TicketReader.holder``."""
        ticket = _alive(self._read(), key, at)
        if ticket is None or ticket.user_id is None:
            return None
        return self._tables().of(USERS).rows[ticket.user_id]

    def _read(self) -> Table[StoredTicket]:
        note("read tickets")
        return self._tables().of(TICKETS)


class MemoryTicketRepository(MemoryTicketReader):
    """See ``TicketRepository``."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(lambda: unit.tables)
        self._unit = unit

    async def claim(self, ticket: Ticket, at: datetime) -> Ticket | None:
        """See ``TicketRepository.claim``. Nobody else claims anything while this unit of work is under way."""
        note("insert tickets")
        if found := _alive(self._stored, ticket.key, at):
            return found
        expired = self._stored.by("key", ticket.key)
        row = expired.id if expired else self._unit.new_ids(TICKETS, 1)[0]
        self._unit.write(TICKETS, [StoredTicket(id=row, ticket=ticket)])
        return None

    async def lock(self, key: str, at: datetime) -> Ticket | None:
        """See ``TicketRepository.lock``. Nobody else writes while this unit of work does."""
        return await self.get(key, at)

    async def save(self, ticket: Ticket) -> None:
        """See ``TicketRepository.save``."""
        note("update tickets")
        stored = self._stored.by("key", ticket.key)
        if stored is None:
            raise TransientConflict
        changed = replace(stored.ticket, value=ticket.value, expires_at=ticket.expires_at)
        self._unit.write(TICKETS, [StoredTicket(id=stored.id, ticket=changed)])

    async def delete(self, key: str) -> None:
        """See ``TicketRepository.delete``."""
        self._delete(lambda one: one.key == key)

    async def delete_of(self, user_id: int, kind: TicketKind, keep: str | None = None) -> int:
        """See ``TicketRepository.delete_of``."""
        return self._delete(lambda one: one.user_id == user_id and one.kind is kind and one.key != keep)

    async def delete_expired(self, at: datetime, most: int = 1000) -> int:
        """See ``TicketRepository.delete_expired``."""
        return self._delete(lambda one: one.expires_at <= at, most)

    @property
    def _stored(self) -> Table[StoredTicket]:
        """The table, for a write that looks before it writes; not a round trip of its own."""
        return self._unit.tables.of(TICKETS)

    def _delete(self, unwanted: Callable[[Ticket], bool], most: int | None = None) -> int:
        note("delete tickets")
        ids = {row.id for row in islice((row for row in self._stored.rows.values() if unwanted(row.ticket)), most)}
        self._unit.delete(TICKETS, ids)
        return len(ids)


def _alive(tickets: Table[StoredTicket], key: str, at: datetime) -> Ticket | None:
    """The ticket under a key, unless it has expired."""
    stored = tickets.by("key", key)
    return stored.ticket if stored and stored.ticket.expires_at > at else None

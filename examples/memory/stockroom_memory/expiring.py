"""Tickets."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import islice

from core.entities import EntryKind, ExpiringEntry, User
from core.errors import TransientConflict
from core.storage.round_trips import record_start
from stockroom_memory.schema import TICKETS, USERS, StoredTicket
from stockroom_memory.table import Table, Tables
from stockroom_memory.unit import Unit


class MemoryExpiringEntryReader:
    """See ``ExpiringEntryReader``."""

    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
        """See ``ExpiringEntryReader.get``."""
        return _alive(self._read(), key, at)

    async def owner(self, key: str, at: datetime) -> User | None:
        """See ``ExpiringEntryReader.owner``."""
        entry = _alive(self._read(), key, at)
        if entry is None or entry.user_id is None:
            return None
        return self._tables().of(USERS).rows[entry.user_id]

    def _read(self) -> Table[StoredTicket]:
        record_start("read tickets")
        return self._tables().of(TICKETS)


class MemoryExpiringEntryRepository(MemoryExpiringEntryReader):
    """See ``ExpiringEntryRepository``."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(lambda: unit.tables)
        self._unit = unit

    async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
        """See ``ExpiringEntryRepository.insert_or_lock``. Units of work run one at a time."""
        record_start("insert tickets")
        if found := _alive(self._stored, entry.key, at):
            return found
        expired = self._stored.by("key", entry.key)
        row = expired.id if expired else self._unit.new_ids(TICKETS, 1)[0]
        self._unit.write(TICKETS, [StoredTicket(id=row, entry=entry)])
        return None

    async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
        """See ``ExpiringEntryRepository.lock``. Nobody else writes while this unit of work does."""
        return await self.get(key, at)

    async def save(self, entry: ExpiringEntry) -> None:
        """See ``ExpiringEntryRepository.save``."""
        record_start("update tickets")
        stored = self._stored.by("key", entry.key)
        if stored is None:
            raise TransientConflict
        changed = replace(stored.entry, value=entry.value, expires_at=entry.expires_at)
        self._unit.write(TICKETS, [StoredTicket(id=stored.id, entry=changed)])

    async def delete(self, key: str) -> None:
        """See ``ExpiringEntryRepository.delete``."""
        self._delete(lambda one: one.key == key)

    async def delete_for_user(self, user_id: int, kind: EntryKind, keep: str | None = None) -> int:
        """See ``ExpiringEntryRepository.delete_for_user``."""
        return self._delete(lambda one: one.user_id == user_id and one.kind is kind and one.key != keep)

    async def delete_expired(self, at: datetime, most: int = 1000) -> int:
        """See ``ExpiringEntryRepository.delete_expired``."""
        return self._delete(lambda one: one.expires_at <= at, most)

    @property
    def _stored(self) -> Table[StoredTicket]:
        """The table, for a write that looks before it writes; not a round trip of its own."""
        return self._unit.tables.of(TICKETS)

    def _delete(self, unwanted: Callable[[ExpiringEntry], bool], most: int | None = None) -> int:
        record_start("delete tickets")
        ids = {row.id for row in islice((row for row in self._stored.rows.values() if unwanted(row.entry)), most)}
        self._unit.delete(TICKETS, ids)
        return len(ids)


def _alive(tickets: Table[StoredTicket], key: str, at: datetime) -> ExpiringEntry | None:
    """The entry under a key, unless it has expired."""
    stored = tickets.by("key", key)
    return stored.entry if stored and stored.entry.expires_at > at else None

"""Values that are kept under a key until they expire."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import islice

from typing_extensions import override

from core.entities import EXPIRING_ENTRY, USER, EntryKind, ExpiringEntry, User
from core.errors import TransientConflict
from core.storage.repositories import ExpiringEntryReader, ExpiringEntryRepository
from core.storage.round_trips import record_start
from stockroom_memory.tables import Table, Tables
from stockroom_memory.unit_of_work import UnitOfWork


class MemoryExpiringEntryReader(ExpiringEntryReader):
    """Entries as committed."""

    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    @override
    async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
        return _unexpired(self._read(), key, at)

    @override
    async def owner(self, key: str, at: datetime) -> User | None:
        entry = _unexpired(self._read(), key, at)
        if entry is None or entry.user_id is None:
            return None
        return self._tables().of(USER).rows[entry.user_id]

    def _read(self) -> Table[ExpiringEntry]:
        record_start("read tickets")
        return self._tables().of(EXPIRING_ENTRY)


class MemoryExpiringEntryRepository(MemoryExpiringEntryReader, ExpiringEntryRepository):
    """Entries in a unit of work. Units of work run one at a time, so there is nothing to lock."""

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(lambda: unit.tables)
        self._unit = unit

    @override
    async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
        record_start("insert tickets")
        if found := _unexpired(self._stored, entry.key, at):
            return found
        await self._unit.write(EXPIRING_ENTRY, [entry])
        return None

    @override
    async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
        return await self.get(key, at)

    @override
    async def save(self, entry: ExpiringEntry) -> None:
        record_start("update tickets")
        stored = self._stored.rows.get(entry.key)
        if stored is None:
            raise TransientConflict
        changed = replace(stored, value=entry.value, expires_at=entry.expires_at)
        await self._unit.write(EXPIRING_ENTRY, [changed])

    @override
    async def delete(self, key: str) -> None:
        await self._delete(lambda one: one.key == key)

    @override
    async def delete_for_user(self, user_id: int, kind: EntryKind, keep: str | None = None) -> int:
        return await self._delete(lambda one: one.user_id == user_id and one.kind is kind and one.key != keep)

    @override
    async def delete_expired(self, at: datetime, most: int = 1000) -> int:
        return await self._delete(lambda one: one.expires_at <= at, most)

    @property
    def _stored(self) -> Table[ExpiringEntry]:
        """The table, for a write that reads before it writes; not a round trip of its own."""
        return self._unit.tables.of(EXPIRING_ENTRY)

    async def _delete(self, is_unwanted: Callable[[ExpiringEntry], bool], most: int | None = None) -> int:
        record_start("delete tickets")
        keys = {entry.key for entry in islice(filter(is_unwanted, self._stored.rows.values()), most)}
        for key in keys:
            self._unit.remove(EXPIRING_ENTRY, key)
        return len(keys)


def _unexpired(table: Table[ExpiringEntry], key: str, at: datetime) -> ExpiringEntry | None:
    entry = table.rows.get(key)
    return entry if entry and entry.expires_at > at else None

"""Wrong expiring entries: a key inserted twice, a lost count, entries that outlive their expiry."""

import asyncio
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

from typing_extensions import override

from core.entities import EntryKind, ExpiringEntry, User
from core.errors import NotFound, UnknownReference
from core.storage import Transaction
from core.storage.round_trips import record_start
from tests.kit.broken.autocommit import AutocommitRepository, AutocommitTransaction
from tests.kit.broken.defect import Defect, RepositoryWrapper, Work

LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""A time before every expiry."""


async def _put(entry: ExpiringEntry, tx: Transaction) -> None:
    """Store an entry, also over another one."""
    await tx.expiring.delete(entry.key)
    await tx.expiring.insert_or_lock(entry, LONG_AGO)


class UnguardedInsert(Defect):
    """Checks whether a key is free, and writes the entry at the end of the unit of work."""

    caught_by = "test_expiring_inserts.py::test_concurrent_inserts_have_one_winner"

    class Entries(AutocommitRepository):
        async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
            taken = await self.defect.storage.expiring.get(entry.key, at)
            if taken is None:
                await self.save(entry)
            return taken

        async def save(self, entry: ExpiringEntry) -> None:
            self.defect.state.setdefault(str(id(asyncio.current_task())), {})[entry.key] = entry

    repository: ClassVar[type[AutocommitRepository]] = Entries

    @override
    async def run(self, work: Work[Any]) -> Any:
        result = await work(AutocommitTransaction(self, {"expiring": self.repository}))
        for entry in self.state.pop(str(id(asyncio.current_task())), {}).values():
            await self.storage.run(partial(_put, entry))
        return result


class UnguardedReference(UnguardedInsert):
    """Checks the user when a key is inserted, and not when the entry is stored."""

    caught_by = "test_expiring_owners.py::test_concurrent_user_delete_leaves_no_entry"

    class Entries(UnguardedInsert.Entries):
        async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
            if entry.user_id is not None:
                await self._require_user(entry.user_id)
            return await super().insert_or_lock(replace(entry, user_id=None), at)  # for the sound one would check again

        async def _require_user(self, user_id: int) -> None:
            try:
                await self.defect.storage.users.get(user_id)
            except NotFound:
                raise UnknownReference.of(["user_id"]) from None

    repository = Entries


class ReleasedLock(Defect):
    """Releases the lock on an entry as soon as it is inserted."""

    caught_by = "test_expiring_inserts.py::test_concurrent_increments_lose_no_count"

    @override
    async def run(self, work: Work[Any]) -> Any:
        return await work(AutocommitTransaction(self, {}))


class ResurrectedEntry(Defect):
    """Stores an entry that was deleted since it was locked."""

    caught_by = "test_expiring_locks.py::test_renewal_does_not_restore_deleted_entry"

    class Entries(AutocommitRepository):
        async def save(self, entry: ExpiringEntry) -> None:
            await self.defect.storage.run(partial(_put, entry))

    @override
    async def run(self, work: Work[Any]) -> Any:
        return await work(AutocommitTransaction(self, {"expiring": ResurrectedEntry.Entries}))


class OverbroadPurge(Defect):
    """Finds the keys of expired entries, and then deletes whatever entries have these keys."""

    caught_by = "test_expiring_locks.py::test_purge_keeps_replaced_expired_entry"

    class Entries(RepositoryWrapper):
        async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
            if await self.inner.get(entry.key, LONG_AGO) != await self.inner.get(entry.key, at):
                self.state["expired"] = entry.key
            found: ExpiringEntry | None = await self.inner.insert_or_lock(entry, at)
            return found

        async def delete_expired(self, at: datetime, most: int = 1000) -> int:
            number: int = await self.inner.delete_expired(at, most)
            if "expired" in self.state:
                await self.inner.delete(self.state["expired"])
            return number

    repositories = {"expiring": Entries}


class MissingCascade(Defect):
    """Keeps the owner of an entry, but not as a reference."""

    caught_by = "test_expiring_owners.py::test_entries_are_deleted_with_user"

    class Entries(RepositoryWrapper):
        async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
            self.state[entry.key] = entry.user_id
            return self._with_owner(await self.inner.insert_or_lock(replace(entry, user_id=None), at))

        async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
            return self._with_owner(await self.inner.get(key, at))

        async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
            return self._with_owner(await self.inner.lock(key, at))

        def _with_owner(self, found: ExpiringEntry | None) -> ExpiringEntry | None:
            return None if found is None else replace(found, user_id=self.state[found.key])

    readers = {"expiring": Entries}
    repositories = {"expiring": Entries}


EXPIRY_TEST = "test_expiring_lifetime.py::test_entry_exists_until_its_expiry_millisecond"


class ExpiredEntry(Defect):
    """Returns expired entries until they are deleted."""

    caught_by = EXPIRY_TEST

    class Entries(RepositoryWrapper):
        async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
            found: ExpiringEntry | None = await self.inner.get(key, LONG_AGO)
            return found

    readers = {"expiring": Entries}


class ExpiredOwner(Defect):
    """Returns the owner of an expired session."""

    caught_by = EXPIRY_TEST

    class Entries(RepositoryWrapper):
        async def owner(self, key: str, at: datetime) -> User | None:
            found: User | None = await self.inner.owner(key, LONG_AGO)
            return found

    readers = {"expiring": Entries}


class ExpiryInSeconds(Defect):
    """Compares expiry with a time cut to seconds."""

    caught_by = EXPIRY_TEST

    class Entries(RepositoryWrapper):
        async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
            found: ExpiringEntry | None = await self.inner.lock(key, at.replace(microsecond=0))
            return found

    repositories = {"expiring": Entries}


class BlockedKey(Defect):
    """Never replaces an expired entry."""

    caught_by = "test_expiring_lifetime.py::test_insert_replaces_expired_entry"

    class Entries(RepositoryWrapper):
        async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
            found: ExpiringEntry | None = await self.inner.insert_or_lock(entry, LONG_AGO)
            return found

    repositories = {"expiring": Entries}


class IgnoredKeep(Defect):
    """Deletes also the entry that is to be kept."""

    caught_by = "test_expiring_owners.py::test_delete_for_user_deletes_one_kind"

    class Entries(RepositoryWrapper):
        async def delete_for_user(self, user_id: int, kind: EntryKind, keep: str | None = None) -> int:
            number: int = await self.inner.delete_for_user(user_id, kind)
            return number

    repositories = {"expiring": Entries}


class NormalizedValue(Defect):
    """Normalizes and strips values, as core does with other text."""

    caught_by = "test_expiring.py::test_value_is_stored_unchanged"

    class Entries(RepositoryWrapper):
        async def save(self, entry: ExpiringEntry) -> None:
            await self.inner.save(replace(entry, value=unicodedata.normalize("NFC", entry.value).strip()))

    repositories = {"expiring": Entries}


class ExtraRoundTrip(Defect):
    """Reads the entry, and then its user."""

    caught_by = "test_expiring_owners.py::test_owner_is_current_user_in_one_round_trip"

    class Entries(RepositoryWrapper):
        async def owner(self, key: str, at: datetime) -> User | None:
            record_start("read entries")
            found: User | None = await self.inner.owner(key, at)
            return found

    readers = {"expiring": Entries}


EXPIRING = [
    UnguardedInsert,
    UnguardedReference,
    ReleasedLock,
    ResurrectedEntry,
    OverbroadPurge,
    MissingCascade,
    ExpiredEntry,
    ExpiredOwner,
    ExpiryInSeconds,
    BlockedKey,
    IgnoredKeep,
    NormalizedValue,
    ExtraRoundTrip,
]

"""Wrong tickets: a key that two get, a count that is lost, what lives longer than it may."""

import asyncio
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from core.entities import EntryKind, ExpiringEntry, User
from core.errors import NotFound, UnknownReference
from core.storage import Transaction
from core.storage.round_trips import record_start
from tests.kit.broken.defect import Defect, Work, Wrapped
from tests.kit.broken.pieces import Apart, Pieces

LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""Before anything expires."""


async def _put(tx: Transaction, entry: ExpiringEntry) -> None:
    """Store an entry, whatever is there."""
    await tx.expiring.delete(entry.key)
    await tx.expiring.insert_or_lock(entry, LONG_AGO)


class TwoGetIt(Defect):
    """Looks whether a key is free, and writes what was claimed when the unit of work is at its end."""

    caught_by = "test_expiring_inserts.py::test_concurrent_inserts_have_one_winner"

    class Tickets(Apart):
        async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
            taken = await self.defect.storage.expiring.get(entry.key, at)
            if taken is None:
                await self.save(entry)
            return taken

        async def save(self, entry: ExpiringEntry) -> None:
            self.defect.state.setdefault(str(id(asyncio.current_task())), {})[entry.key] = entry

    tickets: ClassVar[type[Apart]] = Tickets

    async def run(self, work: Work[Any]) -> Any:
        """As ``Storage.run``, without the rest."""
        result = await work(Pieces(self, {"tickets": self.expiring}))
        for entry in self.state.pop(str(id(asyncio.current_task())), {}).values():
            await self.storage.run(lambda tx, entry=entry: _put(tx, entry))
        return result


class LateOrphan(TwoGetIt):
    """Looks whether the user is there when a key is claimed, and not when the entry is stored."""

    caught_by = "test_expiring_owners.py::test_concurrent_user_delete_leaves_no_entry"

    class Tickets(TwoGetIt.Tickets):
        async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
            if entry.user_id is not None:
                await self._require_user(entry.user_id)
            return await super().insert_or_lock(replace(entry, user_id=None), at)  # for the sound one would look again

        async def _require_user(self, user_id: int) -> None:
            try:
                await self.defect.storage.users.get(user_id)
            except NotFound:
                raise UnknownReference.of(["user_id"]) from None

    tickets = Tickets


class LostCount(Defect):
    """Lets go of an entry as soon as it has been claimed."""

    caught_by = "test_expiring_inserts.py::test_concurrent_increments_lose_no_count"

    async def run(self, work: Work[Any]) -> Any:
        """As ``Storage.run``, without the rest."""
        return await work(Pieces(self, {}))


class Revenant(Defect):
    """Stores what is saved, also where it was deleted meanwhile."""

    caught_by = "test_expiring_locks.py::test_renewal_does_not_restore_deleted_entry"

    class Tickets(Apart):
        async def save(self, entry: ExpiringEntry) -> None:
            await self.defect.storage.run(lambda tx: _put(tx, entry))

    async def run(self, work: Work[Any]) -> Any:
        """As ``Storage.run``, without the rest."""
        return await work(Pieces(self, {"tickets": Revenant.Tickets}))


class BlindBroom(Defect):
    """Looks which tickets have expired, and then deletes what is under their keys."""

    caught_by = "test_expiring_locks.py::test_purge_keeps_replaced_expired_entry"

    class Tickets(Wrapped):
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

    repositories = {"tickets": Tickets}


class OutlivedUser(Defect):
    """Knows whose an entry is, but not as a reference."""

    caught_by = "test_expiring_owners.py::test_entries_are_deleted_with_user"

    class Tickets(Wrapped):
        async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
            self.state[entry.key] = entry.user_id
            return self._whose(await self.inner.insert_or_lock(replace(entry, user_id=None), at))

        async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
            return self._whose(await self.inner.get(key, at))

        async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
            return self._whose(await self.inner.lock(key, at))

        def _whose(self, found: ExpiringEntry | None) -> ExpiringEntry | None:
            return None if found is None else replace(found, user_id=self.state[found.key])

    readers = {"tickets": Tickets}
    repositories = {"tickets": Tickets}


IN_TIME = "test_expiring_lifetime.py::test_entry_exists_until_its_expiry_millisecond"


class ServedExpired(Defect):
    """Leaves it to the deletion of the expired that none is found."""

    caught_by = IN_TIME

    class Tickets(Wrapped):
        async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
            found: ExpiringEntry | None = await self.inner.get(key, LONG_AGO)
            return found

    readers = {"tickets": Tickets}


class EverlastingHolder(Defect):
    """Lets somebody in whose session has expired."""

    caught_by = IN_TIME

    class Tickets(Wrapped):
        async def owner(self, key: str, at: datetime) -> User | None:
            found: User | None = await self.inner.owner(key, LONG_AGO)
            return found

    readers = {"tickets": Tickets}


class ToTheSecond(Defect):
    """Judges expiry by a clock without fractions."""

    caught_by = IN_TIME

    class Tickets(Wrapped):
        async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
            found: ExpiringEntry | None = await self.inner.lock(key, at.replace(microsecond=0))
            return found

    repositories = {"tickets": Tickets}


class BlockedKey(Defect):
    """Gives a key once, and never again."""

    caught_by = "test_expiring_lifetime.py::test_insert_replaces_expired_entry"

    class Tickets(Wrapped):
        async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
            found: ExpiringEntry | None = await self.inner.insert_or_lock(entry, LONG_AGO)
            return found

    repositories = {"tickets": Tickets}


class NothingKept(Defect):
    """Ends the session that ends the others, too."""

    caught_by = "test_expiring_owners.py::test_delete_for_user_deletes_one_kind"

    class Tickets(Wrapped):
        async def delete_for_user(self, user_id: int, kind: EntryKind, keep: str | None = None) -> int:
            number: int = await self.inner.delete_for_user(user_id, kind)
            return number

    repositories = {"tickets": Tickets}


class TidyValue(Defect):
    """Stores a value as core stores text that is shown to people."""

    caught_by = "test_expiring.py::test_value_is_stored_unchanged"

    class Tickets(Wrapped):
        async def save(self, entry: ExpiringEntry) -> None:
            await self.inner.save(replace(entry, value=unicodedata.normalize("NFC", entry.value).strip()))

    repositories = {"tickets": Tickets}


class DearHolder(Defect):
    """Asks for the entry, and then for its user."""

    caught_by = "test_expiring_owners.py::test_owner_is_current_user_in_one_round_trip"

    class Tickets(Wrapped):
        async def owner(self, key: str, at: datetime) -> User | None:
            record_start("read tickets")
            found: User | None = await self.inner.owner(key, at)
            return found

    readers = {"tickets": Tickets}


TICKETS = [
    TwoGetIt,
    LateOrphan,
    LostCount,
    Revenant,
    BlindBroom,
    OutlivedUser,
    ServedExpired,
    EverlastingHolder,
    ToTheSecond,
    BlockedKey,
    NothingKept,
    TidyValue,
    DearHolder,
]

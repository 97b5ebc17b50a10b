"""Expiring entries."""

from datetime import datetime
from typing import Any

from typing_extensions import override

from backends.mongo.collection import Collection, CollectionProvider, Filter
from backends.mongo.driver import Document
from backends.mongo.errors import ConstraintViolation
from backends.mongo.repositories.users import USERS
from backends.mongo.repository import EntityMapping
from backends.mongo.unit_of_work import UnitOfWork
from backends.mongo.violations import PendingWrite
from core.entities import EXPIRING_ENTRY, EntryKind, ExpiringEntry, User
from core.errors import TransientConflict
from core.storage.repositories import ExpiringEntryReader, ExpiringEntryRepository

ENTRIES = EXPIRING_ENTRY.plural

_ENTRIES: EntityMapping[ExpiringEntry] = EntityMapping(EXPIRING_ENTRY)
_USERS: Filter = {"from": "users", "localField": "user_id", "foreignField": "_id", "as": "user"}


class MongoExpiringEntryReader(ExpiringEntryReader):
    """Expiring entries."""

    def __init__(self, source: CollectionProvider) -> None:
        self._source = source

    @property
    def _collection(self) -> Collection:
        return self._source.collection(ENTRIES)

    @override
    async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
        found = await self._find(key)
        return found if found and found.expires_at > at else None

    @override
    async def owner(self, key: str, at: datetime) -> User | None:
        found = await self._collection.aggregate(
            [
                {"$match": {"_id": key, "expires_at": {"$gt": at}}},
                {"$lookup": _USERS},
                {"$unwind": "$user"},
                {"$replaceRoot": {"newRoot": "$user"}},
                {"$project": USERS.mapper.projection},
            ]
        )
        return USERS.mapper.to_entity(found[0]) if found else None

    async def _find(self, key: str) -> ExpiringEntry | None:
        """The entry under a key, expired or not."""
        found = await self._collection.find({"_id": key}, _ENTRIES.mapper.projection, limit=1)
        return _ENTRIES.mapper.to_entity(found[0]) if found else None


class MongoExpiringEntryRepository(MongoExpiringEntryReader, ExpiringEntryRepository):
    """Expiring entries in a unit of work."""

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self._unit = unit

    @override
    async def insert_or_lock(self, entry: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
        """As in the contract: of two units of work that insert the same key, the second is run again."""
        document = _ENTRIES.to_document(entry)
        if not await self._insert(document):
            found = await self._find(entry.key)
            if found and found.expires_at > at:
                return self._lock(found)
            await self._update(entry.key, document)
        self._unit.add_write(PendingWrite(EXPIRING_ENTRY, [document]))
        self._unit.mark_written(ENTRIES, [entry.key])
        return None

    @override
    async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
        found = await self.get(key, at)
        return self._lock(found) if found else None

    @override
    async def save(self, entry: ExpiringEntry) -> None:
        await self._update(entry.key, {"value": entry.value, "expires_at": entry.expires_at})
        self._unit.mark_written(ENTRIES, [entry.key])

    @override
    async def delete(self, key: str) -> None:
        await self._collection.delete({"_id": key})
        self._unit.mark_deleted(ENTRIES, [key])

    @override
    async def delete_for_user(self, user_id: int, kind: EntryKind, keep: str | None = None) -> int:
        of_user: dict[str, Any] = {"user_id": user_id, "kind": kind.value}
        deleted = await self._collection.delete(of_user | ({"_id": {"$ne": keep}} if keep else {}))
        self._unit.mark_deleted_where(
            ENTRIES, lambda entry: entry.user_id == user_id and entry.kind is kind and entry.key != keep
        )
        return deleted

    @override
    async def delete_expired(self, at: datetime, most: int = 1000) -> int:
        expired: Filter = {"expires_at": {"$lte": at}}
        found = await self._collection.find(expired, {"_id": 1}, order=[("expires_at", 1)], limit=most)
        keys = {document["_id"] for document in found}
        deleted = await self._collection.delete({"_id": {"$in": sorted(keys)}, **expired})
        self._unit.mark_deleted_where(ENTRIES, lambda entry: entry.key in keys)
        return deleted

    def _lock(self, entry: ExpiringEntry) -> ExpiringEntry:
        self._unit.lock(ENTRIES, entry, entry.key)
        return entry

    async def _insert(self, document: Document) -> bool:
        try:
            return await self._collection.insert_if_absent(document)
        except ConstraintViolation:  # another transaction has stored it since this one began
            raise TransientConflict from None

    async def _update(self, key: str, changes: Document) -> None:
        if await self._collection.update_one({"_id": key}, {"$set": changes}) != 1:
            raise TransientConflict

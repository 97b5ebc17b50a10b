"""Tickets."""

from datetime import datetime
from typing import Any

from backends.mongo.claims import Claim
from backends.mongo.collection import Collection, Filter, Source
from backends.mongo.driver import Document
from backends.mongo.errors import Clash
from backends.mongo.repositories.users import USERS
from backends.mongo.work import Work
from core.entities import EntryKind, ExpiringEntry, User
from core.errors import TransientConflict

TICKETS = "tickets"

_PROJECTION = dict.fromkeys(("_id", "kind", "user_id", "value", "expires_at"), 1)
_USERS: Filter = {"from": "users", "localField": "user_id", "foreignField": "_id", "as": "user"}


class MongoExpiringEntryReader:
    """See ``ExpiringEntryReader``."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def _collection(self) -> Collection:
        return self._source.collection(TICKETS)

    async def get(self, key: str, at: datetime) -> ExpiringEntry | None:
        """See ``ExpiringEntryReader.get``."""
        found = await self._find(key)
        return found if found and found.expires_at > at else None

    async def owner(self, key: str, at: datetime) -> User | None:
        """See ``ExpiringEntryReader.owner``."""
        found = await self._collection.aggregate(
            [
                {"$match": {"_id": key, "expires_at": {"$gt": at}}},
                {"$lookup": _USERS},
                {"$unwind": "$user"},
                {"$replaceRoot": {"newRoot": "$user"}},
                {"$project": USERS.shape.projection},
            ]
        )
        return USERS.shape.read(found[0]) if found else None

    async def _find(self, key: str) -> ExpiringEntry | None:
        """The ticket under a key, expired or not."""
        found = await self._collection.find({"_id": key}, _PROJECTION, limit=1)
        return _read(found[0]) if found else None


class MongoExpiringEntryRepository(MongoExpiringEntryReader):
    """See ``ExpiringEntryRepository``."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._work = work

    async def insert_or_lock(self, ticket: ExpiringEntry, at: datetime) -> ExpiringEntry | None:
        """See ``ExpiringEntryRepository.insert_or_lock``. A second writer fails and reruns."""
        document = _write(ticket)
        if not await self._insert(document):
            found = await self._find(ticket.key)
            if found and found.expires_at > at:
                return self._held(found)
            await self._replace(ticket.key, document)
        self._work.claim(Claim(TICKETS, {"user_id": "users"}, (), [document]))
        self._work.settle(TICKETS, [ticket.key])
        return None

    async def lock(self, key: str, at: datetime) -> ExpiringEntry | None:
        """See ``ExpiringEntryRepository.lock``."""
        found = await self.get(key, at)
        return self._held(found) if found else None

    async def save(self, ticket: ExpiringEntry) -> None:
        """See ``ExpiringEntryRepository.save``."""
        await self._replace(ticket.key, {"value": ticket.value, "expires_at": ticket.expires_at})
        self._work.settle(TICKETS, [ticket.key])

    async def delete(self, key: str) -> None:
        """See ``ExpiringEntryRepository.delete``."""
        await self._collection.delete({"_id": key})
        self._work.forget(TICKETS, [key])

    async def delete_for_user(self, user_id: int, kind: EntryKind, keep: str | None = None) -> int:
        """See ``ExpiringEntryRepository.delete_for_user``."""
        theirs: dict[str, Any] = {"user_id": user_id, "kind": kind.value}
        deleted = await self._collection.delete(theirs | ({"_id": {"$ne": keep}} if keep else {}))
        self._work.forget_where(TICKETS, lambda one: one.user_id == user_id and one.kind is kind and one.key != keep)
        return deleted

    async def delete_expired(self, at: datetime, most: int = 1000) -> int:
        """See ``ExpiringEntryRepository.delete_expired``."""
        expired: Filter = {"expires_at": {"$lte": at}}
        found = await self._collection.find(expired, {"_id": 1}, order=[("expires_at", 1)], limit=most)
        keys = {one["_id"] for one in found}
        deleted = await self._collection.delete({"_id": {"$in": sorted(keys)}, **expired})
        self._work.forget_where(TICKETS, lambda one: one.key in keys)
        return deleted

    def _held(self, ticket: ExpiringEntry) -> ExpiringEntry:
        self._work.lock(TICKETS, ticket, ticket.key)
        return ticket

    async def _insert(self, document: Document) -> bool:
        try:
            return await self._collection.insert_absent(document)
        except Clash:  # somebody else has stored it since the unit of work began
            raise TransientConflict from None

    async def _replace(self, key: str, changes: Document) -> None:
        if await self._collection.update_one({"_id": key}, {"$set": changes}) != 1:
            raise TransientConflict


def _read(document: Document) -> ExpiringEntry:
    return ExpiringEntry(key=document.pop("_id"), **document | {"kind": EntryKind(document["kind"])})


def _write(ticket: ExpiringEntry) -> Document:
    return {
        "_id": ticket.key,
        "kind": ticket.kind.value,
        "user_id": ticket.user_id,
        "value": ticket.value,
        "expires_at": ticket.expires_at,
    }

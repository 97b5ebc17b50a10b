"""Users."""

from collections.abc import Collection, Sequence
from datetime import datetime

from typing_extensions import override

from backends.mongo.repositories.entities import MongoEntityReader
from backends.mongo.repository import EntityMapping, MongoRepository, delete_entities, new_version
from core.entities import USER, Credentials, OrderStatus, TopSpender, User, UserDraft
from core.storage.repositories import UserReader, UserRepository
from core.text import fold

USERS: EntityMapping[User] = EntityMapping(USER)

_COUNTED = [status.value for status in OrderStatus if status is not OrderStatus.CANCELLED]


class MongoUserReader(MongoEntityReader[User], UserReader):
    """Users. Only ``credentials`` reads the password hash."""

    @override
    async def by_email(self, email: str) -> User:
        return await self._find_one({"email_key": fold(email)}, email)

    @override
    async def by_username(self, username: str) -> User:
        return await self._find_one({"username_key": fold(username)}, username)

    @override
    async def credentials(self, name: str) -> Credentials | None:
        key = "email_key" if "@" in name else "username_key"
        projection = {**USERS.mapper.projection, "password_hash": 1}
        found = await self._collection.find({key: fold(name)}, projection, limit=1)
        if not found:
            return None
        password_hash = found[0].pop("password_hash")
        return Credentials(user=USERS.mapper.to_entity(found[0]), password_hash=password_hash)

    @override
    async def active_count(self) -> int:
        return await self._collection.count({"is_active": True})

    @override
    async def top_spenders(self, limit: int) -> list[TopSpender]:
        sums = {"_id": "$user_id", "orders": {"$sum": 1}, "spent": {"$sum": "$total_amount"}}
        best = await self._source.collection("orders").aggregate(
            [
                {"$match": {"status": {"$in": _COUNTED}}},
                {"$group": sums},
                {"$sort": {"spent": -1, "_id": 1}},
                {"$limit": limit},
                {"$lookup": {"from": "users", "localField": "_id", "foreignField": "_id", "as": "user"}},
                {"$unwind": "$user"},
            ]
        )
        return [
            TopSpender(
                user_id=row["_id"],
                username=row["user"]["username"],
                email=row["user"]["email"],
                order_count=row["orders"],
                total_spent=row["spent"],
            )
            for row in best
        ]


class MongoUserRepository(MongoRepository[User], MongoUserReader, UserRepository):
    """Users in a unit of work."""

    @override
    async def add(self, drafts: Sequence[UserDraft], password_hashes: Sequence[str], at: datetime) -> list[User]:
        values = [USER.new_values(draft, at) for draft in drafts]
        return await self._create(values, [{"password_hash": hashed} for hashed in password_hashes])

    @override
    async def save(self, entity: User, password_hash: str | None = None) -> None:
        await self._update(entity, {"password_hash": password_hash} if password_hash is not None else None)

    @override
    async def deactivate_stale(self, before: datetime, at: datetime) -> int:
        changes = {"$set": {"is_active": False}, **new_version(at)}
        changed = await self._collection.update_many({"is_active": True, "updated_at": {"$lt": before}}, changes)
        self._unit.mark_written("users", [])
        return changed

    @override
    async def lock_to_delete(self, id: int) -> User:
        return await self.lock(id)

    @override
    async def lock_inactive(self, after: int, most: int) -> list[User]:
        inactive = {"is_active": False, "_id": {"$gt": after}}
        found = await self._collection.find(inactive, USERS.mapper.projection, order=[("_id", 1)], limit=most)
        users = [USERS.mapper.to_entity(document) for document in found]
        for user in users:
            self._unit.lock("users", user)
        return users

    @override
    async def delete_many(self, ids: Collection[int], at: datetime) -> None:
        await delete_entities(self._unit, USER, list(ids), at)

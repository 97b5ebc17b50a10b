"""Users."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from typing_extensions import override

from backends.mongo.collection import Filter
from backends.mongo.mapper import DocumentMapper
from backends.mongo.pagination import build_equality_filter, build_search_filter, fetch_page
from backends.mongo.repository import DerivedKey, EntityMapping, MongoReader, MongoRepository
from backends.mongo.violations import UniqueKey
from core.entities import Credentials, OrderStatus, TopSpender, User, UserDraft
from core.errors import NotFound, StillReferenced
from core.storage import Page, PageRequest, UserFilter
from core.storage.repositories import UserReader, UserRepository
from core.text import fold, search_key

USERS = EntityMapping(
    "user",
    "users",
    DocumentMapper(User, unique_sorts={"username", "email"}, filter_indexes={"is_active"}),
    unique_keys=(UniqueKey("username", ("username_key",)), UniqueKey("email", ("email_key",))),
    derived_keys={
        "username_key": DerivedKey(fold, ("username",)),
        "email_key": DerivedKey(fold, ("email",)),
        "search_key": DerivedKey(search_key, ("username", "email", "full_name")),
    },
)

_DRAFT_FIELDS = [field.name for field in fields(UserDraft)]
_COUNTED = [status.value for status in OrderStatus if status is not OrderStatus.CANCELLED]


class MongoUserReader(MongoReader[User], UserReader):
    """Users. Only ``credentials`` reads the password hash."""

    @override
    async def by_email(self, email: str) -> User:
        return await self._find_one({"email_key": fold(email)}, email)

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
    async def page(self, filter: UserFilter, page_request: PageRequest) -> Page[User]:
        matching = build_equality_filter(is_active=filter.is_active) | build_search_filter(filter.search)
        return await fetch_page(self._collection, matching, page_request, USERS.mapper)

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
        values = [{name: getattr(draft, name) for name in _DRAFT_FIELDS} | {"is_superuser": False} for draft in drafts]
        return await self._create(values, at, [{"password_hash": hashed} for hashed in password_hashes])

    @override
    async def save(self, entity: User, password_hash: str | None = None) -> None:
        await self._update(entity, {"password_hash": password_hash} if password_hash is not None else None)

    @override
    async def delete(self, id: int) -> None:
        if not await self._delete_all([id]):
            raise NotFound("user", id)

    @override
    async def deactivate_stale(self, before: datetime, at: datetime) -> int:
        changes = {"$set": {"is_active": False}, "$max": {"updated_at": at}, "$inc": {"version": 1}}
        changed = await self._collection.update_many({"is_active": True, "updated_at": {"$lt": before}}, changes)
        self._unit.mark_written("users", [])
        return changed

    @override
    async def delete_inactive(self) -> int:
        inactive = await self._collection.find({"is_active": False}, {"_id": 1})
        ids = [user["_id"] for user in inactive]
        return await self._delete_all(ids) if ids else 0

    async def _delete_all(self, ids: Sequence[int]) -> int:
        """Delete users with all documents that go with them; the number of users."""
        collection, of_users = self._unit.collection, {"user_id": {"$in": ids}}
        if await collection("accounts").find(of_users, {"_id": 1}, limit=1):
            raise StillReferenced("user", "accounts")
        order_ids = [order["_id"] for order in await collection("orders").find(of_users, {"_id": 1})]
        of_orders: Filter = {"order_id": {"$in": order_ids}}
        await collection("payments").delete(of_orders)
        await collection("notifications").delete({"$or": [of_users, of_orders]})
        await collection("orders").delete(of_users)
        await collection("tickets").delete(of_users)
        await collection("posts").delete({"author_id": {"$in": ids}})
        self._unit.mark_deleted("users", ids)
        self._unit.mark_deleted("orders", order_ids)
        self._unit.mark_deleted_where("notifications", lambda one: one.user_id in ids or one.order_id in order_ids)
        self._unit.mark_deleted_where("tickets", lambda one: one.user_id in ids)
        self._unit.mark_deleted_where("posts", lambda one: one.author_id in ids)
        return await self._collection.delete({"_id": {"$in": ids}})

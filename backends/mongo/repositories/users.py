"""Users."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from backends.mongo.aggregate import Aggregate, Derived, MongoReader, MongoRepository
from backends.mongo.claims import Unique
from backends.mongo.collection import Filter
from backends.mongo.shape import Shape
from backends.mongo.windows import contains, equal, page
from core.entities import Credentials, OrderStatus, TopSpender, User, UserDraft
from core.errors import NotFound, StillReferenced
from core.storage import Page, PageRequest, UserFilter
from core.text import fold, search_key

USERS = Aggregate(
    "user",
    "users",
    Shape(User, distinct={"username", "email"}, listed={"is_active"}),
    uniques=(Unique("username", ("username_key",)), Unique("email", ("email_key",))),
    derived={
        "username_key": Derived(fold, ("username",)),
        "email_key": Derived(fold, ("email",)),
        "search_key": Derived(search_key, ("username", "email", "full_name")),
    },
)

_CHOSEN = [field.name for field in fields(UserDraft)]


class MongoUserReader(MongoReader[User]):
    """See ``UserReader``."""

    async def by_email(self, email: str) -> User:
        """See ``UserReader.by_email``."""
        return await self._one({"email_key": fold(email)}, email)

    async def credentials(self, name: str) -> Credentials | None:
        """See ``UserReader.credentials``."""
        key = "email_key" if "@" in name else "username_key"
        found = await self._collection.find({key: fold(name)}, {**USERS.shape.projection, "password_hash": 1}, limit=1)
        if not found:
            return None
        password_hash = found[0].pop("password_hash")
        return Credentials(user=USERS.shape.read(found[0]), password_hash=password_hash)

    async def page(self, filter: UserFilter, page_request: PageRequest) -> Page[User]:
        """See ``UserReader.page``."""
        narrowed = equal(is_active=filter.is_active) | contains(filter.search)
        return await page(self._collection, narrowed, page_request, USERS.shape)

    async def active_count(self) -> int:
        """See ``UserReader.active_count``."""
        return await self._collection.count({"is_active": True})

    async def top_spenders(self, limit: int) -> list[TopSpender]:
        """See ``UserReader.top_spenders``."""
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


_COUNTED = [status.value for status in OrderStatus if status is not OrderStatus.CANCELLED]


class MongoUserRepository(MongoRepository[User], MongoUserReader):
    """See ``UserRepository``. Of the keys of the document, ``credentials`` alone asks for the password hash."""

    async def add(self, drafts: Sequence[UserDraft], password_hashes: Sequence[str], at: datetime) -> list[User]:
        """See ``UserRepository.add``."""
        values = [{name: getattr(draft, name) for name in _CHOSEN} | {"is_superuser": False} for draft in drafts]
        return await self._store(values, at, [{"password_hash": hashed} for hashed in password_hashes])

    async def save(self, entity: User, password_hash: str | None = None) -> None:
        """See ``UserRepository.save``."""
        await self._put(entity, {"password_hash": password_hash} if password_hash is not None else None)

    async def delete(self, id: int) -> None:
        """See ``UserRepository.delete``."""
        if not await self._delete_all([id]):
            raise NotFound("user", id)

    async def deactivate_stale(self, before: datetime, at: datetime) -> int:
        """See ``UserRepository.deactivate_stale``."""
        changes = {"$set": {"is_active": False}, "$max": {"updated_at": at}, "$inc": {"version": 1}}
        changed = await self._collection.update_many({"is_active": True, "updated_at": {"$lt": before}}, changes)
        self._work.settle("users", [])
        return changed

    async def delete_inactive(self) -> int:
        """See ``UserRepository.delete_inactive``."""
        inactive = await self._collection.find({"is_active": False}, {"_id": 1})
        ids = [user["_id"] for user in inactive]
        return await self._delete_all(ids) if ids else 0

    async def _delete_all(self, ids: Sequence[int]) -> int:
        """Delete users with all that goes with them; how many there were."""
        theirs: Filter = {"user_id": {"$in": ids}}
        if await self._work.collection("accounts").find(theirs, {"_id": 1}, limit=1):
            raise StillReferenced("user", "accounts")
        ordered = [order["_id"] for order in await self._work.collection("orders").find(theirs, {"_id": 1})]
        of_orders: Filter = {"order_id": {"$in": ordered}}
        await self._work.collection("payments").delete(of_orders)
        await self._work.collection("notifications").delete({"$or": [theirs, of_orders]})
        await self._work.collection("orders").delete(theirs)
        await self._work.collection("tickets").delete(theirs)
        await self._work.collection("posts").delete({"author_id": {"$in": ids}})
        self._work.forget("users", ids)
        self._work.forget("orders", ordered)
        self._work.forget_where("notifications", lambda one: one.user_id in ids or one.order_id in ordered)
        self._work.forget_where("tickets", lambda one: one.user_id in ids)
        self._work.forget_where("posts", lambda one: one.author_id in ids)
        return await self._collection.delete({"_id": {"$in": ids}})

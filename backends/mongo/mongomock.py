"""mongomock: MongoDB's query language over the memory of this process. It has no transactions; this module adds them.

There are two copies of the data. Readers read the published one. At most one transaction is open at a time, and writes
to the working one; a commit copies the documents it touched from there to the published one, an abort copies them back.
Copying never yields to another task, so a reader sees all of a transaction or nothing.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from mongomock import MongoClient
from mongomock_motor import AsyncMongoMockClient
from typing_extensions import override

from backends.mongo.collection import Collection, CollectionProvider, Filter, Update
from backends.mongo.documents import DOCUMENTS
from backends.mongo.driver import Document, DuplicateKeyError
from backends.mongo.engine import Engine, EngineTransaction
from backends.mongo.ids import IdAllocator
from backends.mongo.pool import ConcurrencyLimiter
from backends.mongo.schema_editor import SchemaEditor
from core.errors import Unsupported
from core.storage import Capabilities
from core.storage.round_trips import record_start
from core.storage.writer_lock import WriterLock
from migrations.mongo import Rule


class MongomockStore:
    """The data of a mongomock database, which is lost with this object."""

    def __init__(self) -> None:
        store: Any = MongoClient(tz_aware=True)
        for document in DOCUMENTS:
            patch_unique_checks(store["working"][document.Settings.name])
        client: Any = AsyncMongoMockClient(mock_mongo_client=store)
        self.working = client["working"]
        self.published = client["published"]
        self.writer_lock = WriterLock()
        self.ids = IdAllocator(self.working["counters"])

    async def publish(self) -> None:
        """Show everything to readers, as after a migration."""
        for name in await self.published.list_collection_names():
            await self.published.drop_collection(name)
        for name in await self.working.list_collection_names():
            await _insert(self.published[name], await self.working[name].find({}).to_list(None))


class MongomockEngine(Engine):
    """An opened mongomock database."""

    def __init__(self, store: MongomockStore, capabilities: Capabilities, writer_timeout: float) -> None:
        super().__init__(f"mongomock {version('mongomock')}", capabilities, store.ids)
        self._store = store
        self._writer_timeout = writer_timeout

    @override
    def reader(self, limiter: ConcurrencyLimiter) -> CollectionProvider:
        return _PublishedCollections(self._store.published, limiter)

    @override
    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[EngineTransaction]:
        async with self._store.writer_lock.hold(self._writer_timeout):
            transaction = MongomockTransaction(self._store)
            try:
                yield transaction
            except BaseException:
                await transaction.abort()
                raise

    @override
    async def ping(self) -> None:
        record_start("ping")

    @override
    async def size(self) -> int:
        raise Unsupported("mongomock does not know how much memory its data takes.")


class MongomockTransaction(EngineTransaction):
    """The one open transaction of a store."""

    def __init__(self, store: MongomockStore) -> None:
        self._store = store
        self._touched: defaultdict[str, set[Any]] = defaultdict(set)

    @override
    def collection(self, name: str) -> Collection:
        return _TrackedCollection(self._store.working[name], self._touched[name])

    @override
    async def commit(self) -> None:
        record_start("commit")
        await self._copy(self._store.working, self._store.published)

    async def abort(self) -> None:
        """Restore the working copy from the published one."""
        record_start("abort")
        await self._copy(self._store.published, self._store.working)

    async def _copy(self, source: Any, target: Any) -> None:
        for name, ids in self._touched.items():
            touched = {"_id": {"$in": list(ids)}}
            documents = await source[name].find(touched).to_list(None)
            await target[name].delete_many(touched)
            await _insert(target[name], documents)
        self._touched.clear()


async def _insert(collection: Any, documents: list[Document]) -> None:
    if documents:
        await collection.insert_many(documents)


class MongomockCollection(Collection):
    """A collection of mongomock. Its operations count as round trips, as they would on a server."""

    @override
    async def update_each(self, changes: Sequence[tuple[Filter, Update]]) -> int:
        """As on a server, but without ``bulk_write``, for which mongomock expects an older form than PyMongo's."""
        return await self._execute("update", lambda: self._update_in_turn(changes))

    async def _update_in_turn(self, changes: Sequence[tuple[Filter, Update]]) -> int:
        return sum([(await self._raw.update_one(*change)).matched_count for change in changes])


class _PublishedCollections(CollectionProvider):
    def __init__(self, database: Any, limiter: ConcurrencyLimiter) -> None:
        self._database = database
        self._limiter = limiter

    @override
    def collection(self, name: str) -> Collection:
        return MongomockCollection(self._database[name], None, self._limiter)


class MongomockSchemaEditor(SchemaEditor):
    """The schema of a mongomock database, which has no validators."""

    @override
    def collection(self, name: str) -> Collection:
        return MongomockCollection(self._database[name])

    @override
    async def require(self, name: str, rule: Rule) -> None:
        """Do nothing."""

    @override
    async def _read_rule(self, name: str) -> Rule | None:
        return None


class _TrackedCollection(MongomockCollection):
    """A collection that records the ids of the documents it touches."""

    def __init__(self, raw: Any, touched: set[Any]) -> None:
        super().__init__(raw)
        self._touched = touched

    @override
    async def insert(self, documents: Sequence[Document]) -> None:
        self._touched.update(document["_id"] for document in documents)
        await super().insert(documents)

    @override
    async def insert_if_absent(self, document: Document) -> bool:
        self._touched.add(document["_id"])
        return await super().insert_if_absent(document)

    @override
    async def update_one(self, filter: Filter, update: Update) -> int:
        await self._track(filter)
        return await super().update_one(filter, update)

    @override
    async def update_many(self, filter: Filter, update: Update) -> int:
        await self._track(filter)
        return await super().update_many(filter, update)

    @override
    async def update_each(self, changes: Sequence[tuple[Filter, Update]]) -> int:
        for change in changes:
            await self._track(change[0])
        return await super().update_each(changes)

    @override
    async def delete(self, filter: Filter) -> int:
        await self._track(filter)
        return await super().delete(filter)

    async def _track(self, filter: Filter) -> None:
        found = await self._raw.find(filter, {"_id": 1}).to_list(None)
        self._touched.update(document["_id"] for document in found)


def patch_unique_checks(collection: Any) -> None:
    """Make a collection of mongomock check its unique indexes in one pass over plain values.

    Its own check runs the query language over every document, for every unique index and every write: storing 1 000
    products takes 8.7 s with that, about 1 s with this.
    """

    def ensure_uniques(written: Mapping[str, Any]) -> None:
        store = collection._store
        for index in store.indexes.values():
            if index.get("unique") and _is_indexed(written, index):
                keys = [key for key, _ in index["key"]]
                if _count_equal(store.documents, keys, written) > 1:  # the written document is one of them
                    raise DuplicateKeyError("taken", 11000)

    collection._ensure_uniques = ensure_uniques


def _is_indexed(document: Mapping[str, Any], index: Mapping[str, Any]) -> bool:
    """Whether an index holds a document; our partial indexes hold those in which a key is not null."""
    return all(document.get(key) is not None for key in index.get("partialFilterExpression", {}))


def _count_equal(documents: Iterable[Mapping[str, Any]], keys: Sequence[str], written: Mapping[str, Any]) -> int:
    values = [written.get(key) for key in keys]
    return sum(1 for document in documents if [document.get(key) for key in keys] == values)

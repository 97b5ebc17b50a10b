"""mongomock: MongoDB's query language over this process's memory. It has no transactions, so this makes them.

There are two copies of everything. Whoever reads, reads the published one. The one unit of work that may write at a
time does so in the working one; a commit copies the documents it touched from there to the published one, an abort the
other way. Copying never gives way to another task, so nobody sees half of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from mongomock_motor import AsyncMongoMockClient

from backends.mongo.collection import Collection, Filter, Source, Update
from backends.mongo.definition import Definition, Rule
from backends.mongo.documents import DOCUMENTS
from backends.mongo.driver import Document
from backends.mongo.ids import Ids
from backends.mongo.slots import Slots
from backends.mongo.uniqueness import hasten
from backends.mongo.work import Session
from core.errors import PoolExhausted, Unsupported
from core.storage import Capabilities
from core.storage.round_trips import record_start

Touched = defaultdict[str, set[Any]]


class Memory:
    """What a mongomock storage holds. Everything is gone with it."""

    def __init__(self) -> None:
        client: Any = AsyncMongoMockClient(tz_aware=True)
        self.working = client["working"]
        for document in DOCUMENTS:
            hasten(self.working.delegate[document.Settings.name])
        self.published = client["published"]
        self.turn = asyncio.Lock()
        self.ids = Ids(self.working["counters"])

    async def publish(self) -> None:
        """Show everything to readers, as after a migration."""
        for name in await self.published.list_collection_names():
            await self.published.drop_collection(name)
        for name in await self.working.list_collection_names():
            await _insert(self.published[name], await self.working[name].find({}).to_list(None))


class InProcess:
    """See ``Engine``."""

    def __init__(self, memory: Memory, capabilities: Capabilities, max_backoff: float) -> None:
        self._memory = memory
        self._longest_wait = max_backoff
        self.server = f"mongomock {version('mongomock')}"
        self.capabilities = capabilities
        self.ids = memory.ids

    def reader(self, slots: Slots) -> Source:
        """See ``Engine.reader``."""
        return _Published(self._memory.published, slots)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Session]:
        """See ``Engine.unit``."""
        async with self._turn():
            session = InProcessSession(self._memory)
            try:
                yield session
            except BaseException:
                await session.abort()
                raise

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._longest_wait):
                await self._memory.turn.acquire()
        except TimeoutError:
            raise PoolExhausted from None
        try:
            yield
        finally:
            self._memory.turn.release()

    async def ping(self) -> None:
        """See ``Engine.ping``."""
        record_start("ping")

    async def size(self) -> int:
        """See ``Engine.size``."""
        raise Unsupported("mongomock does not know how much memory its data takes.")

    async def close(self) -> None:
        """See ``Engine.close``."""


class InProcessSession:
    """See ``Session``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._touched: Touched = defaultdict(set)

    def collection(self, name: str) -> Collection:
        """See ``Source``."""
        return _Journalled(self._memory.working[name], self._touched[name])

    async def commit(self) -> None:
        """See ``Session.commit``."""
        record_start("commit")
        await self._copy(self._memory.working, self._memory.published)

    async def abort(self) -> None:
        """Bring the working copy back to what is published."""
        record_start("abort")
        await self._copy(self._memory.published, self._memory.working)

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


class InProcessCollection(Collection):
    """A collection of mongomock. Its operations count as round trips, as they would be on a server."""

    async def update_each(self, changes: Sequence[tuple[Filter, Update]]) -> int:
        """See ``Collection.update_each``: without bulk writes, of which mongomock knows an older form than PyMongo."""
        return await self._done("update", lambda: self._one_by_one(changes))

    async def _one_by_one(self, changes: Sequence[tuple[Filter, Update]]) -> int:
        return sum([(await self._raw.update_one(*change)).matched_count for change in changes])


class _Published:
    """See ``Source``."""

    def __init__(self, database: Any, slots: Slots) -> None:
        self._database = database
        self._slots = slots

    def collection(self, name: str) -> Collection:
        """See ``Source``."""
        return InProcessCollection(self._database[name], None, self._slots)


class InProcessDefinition(Definition):
    """The schema of a mongomock storage, which knows no validators."""

    def collection(self, name: str) -> Collection:
        """See ``Definition.collection``."""
        return InProcessCollection(self._database[name])

    async def require(self, name: str, rule: Rule) -> None:
        """Nothing to do."""

    async def _rule(self, _name: str) -> dict[str, Any] | None:
        return None


class _Journalled(InProcessCollection):
    """A collection that remembers which documents were touched."""

    def __init__(self, raw: Any, touched: set[Any]) -> None:
        super().__init__(raw)
        self._touched = touched

    async def insert(self, documents: Sequence[Document]) -> None:
        self._touched.update(document["_id"] for document in documents)
        await super().insert(documents)

    async def insert_absent(self, document: Document) -> bool:
        self._touched.add(document["_id"])
        return await super().insert_absent(document)

    async def update_one(self, filter: Filter, update: Update) -> int:
        await self._touch(filter)
        return await super().update_one(filter, update)

    async def update_many(self, filter: Filter, update: Update) -> int:
        await self._touch(filter)
        return await super().update_many(filter, update)

    async def update_each(self, changes: Sequence[tuple[Filter, Update]]) -> int:
        for change in changes:
            await self._touch(change[0])
        return await super().update_each(changes)

    async def delete(self, filter: Filter) -> int:
        await self._touch(filter)
        return await super().delete(filter)

    async def _touch(self, filter: Filter) -> None:
        found = await self._raw.find(filter, {"_id": 1}).to_list(None)
        self._touched.update(document["_id"] for document in found)

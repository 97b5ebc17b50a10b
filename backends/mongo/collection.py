"""A collection as repositories use it: documents in and out, errors translated, round trips recorded."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Protocol, TypeVar

from backends.mongo.driver import Document, PyMongoError, UpdateOne
from backends.mongo.errors import translate
from backends.mongo.pool import ConcurrencyLimiter
from core.errors import RetriesExhausted, TransientConflict, Unavailable
from core.storage.observer import Observer
from core.storage.retry import RetryPolicy, run_with_retry
from core.storage.round_trips import record_end, record_start

T = TypeVar("T")

Filter = Mapping[str, Any]
Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]
SortKeys = Sequence[tuple[str, int]]

_SINGLE_BATCH = 1_000_000
"""Batch size that brings every document in one reply, as far as the server's limit of 16 MB per reply allows."""

_READ_POLICY = RetryPolicy(attempts=4, initial_backoff=0.05, max_backoff=0.2, deadline=math.inf)
"""Of reads outside of units of work; the driver's own retry is not counted."""

_NO_LIMIT: nullcontext[None] = nullcontext()


class Collection:
    """A collection, used outside of units of work or, with a session, within one.

    Each method costs one round trip. Writes return the number of documents that matched. What may succeed later is a
    ``TransientConflict`` in a unit of work, which then runs again; outside, reads are sent again, and in the end it is
    Unavailable.
    """

    def __init__(self, raw: Any, session: Any = None, limiter: ConcurrencyLimiter | None = None) -> None:
        self._raw = raw
        self._session = session
        self._limiter = limiter

    async def find(  # noqa: PLR0913 - what a query is made of
        self,
        filter: Filter,
        projection: Filter | None = None,
        *,
        order: SortKeys | None = None,
        skip: int = 0,
        limit: int = 0,
        index: str | None = None,
    ) -> list[Document]:
        """The documents that match, in ``order``; ``index`` names the index that the server must use."""
        options: dict[str, Any] = {"sort": order, "skip": skip, "limit": limit, "batch_size": limit or _SINGLE_BATCH}

        def send() -> Awaitable[list[Document]]:
            cursor = self._raw.find(filter, projection, session=self._session, **options)
            return (cursor.hint(index) if index else cursor).to_list(None)  # type: ignore[no-any-return]

        return await self._read("find", send)

    async def aggregate(self, pipeline: Sequence[Filter]) -> list[Document]:
        """The documents that a pipeline yields."""

        def send() -> Awaitable[list[Document]]:
            cursor = self._raw.aggregate(list(pipeline), session=self._session, batchSize=_SINGLE_BATCH)
            return cursor.to_list(None)  # type: ignore[no-any-return]

        return await self._read("aggregate", send)

    async def count(self, filter: Filter) -> int:
        """The exact number of documents that match. Without a filter, counted in the smallest index."""
        hint = {} if filter else {"hint": "_id_"}
        return await self._read("count", lambda: self._raw.count_documents(filter, session=self._session, **hint))

    async def insert(self, documents: Sequence[Document]) -> None:
        """Store new documents; all or none within a unit of work."""
        await self._write("insert", lambda: self._raw.insert_many(documents, session=self._session))

    async def insert_if_absent(self, document: Document) -> bool:
        """Store a new document unless one has its ``_id``; whether it was stored."""
        key, rest = {"_id": document["_id"]}, {name: value for name, value in document.items() if name != "_id"}
        update = {"$setOnInsert": rest}
        result = await self._write(
            "upsert", lambda: self._raw.update_one(key, update, upsert=True, session=self._session)
        )
        return result.upserted_id is not None

    async def update_one(self, filter: Filter, update: Update) -> int:
        """Change one document that matches."""
        result = await self._write("update", lambda: self._raw.update_one(filter, update, session=self._session))
        return int(result.matched_count)

    async def update_many(self, filter: Filter, update: Update) -> int:
        """Change every document that matches."""
        result = await self._write("update", lambda: self._raw.update_many(filter, update, session=self._session))
        return int(result.matched_count)

    async def update_each(self, changes: Sequence[tuple[Filter, Update]]) -> int:
        """Change one document for each pair of filter and update, in the order given."""
        writes = [UpdateOne(*change) for change in changes]
        result = await self._write("update", lambda: self._raw.bulk_write(writes, session=self._session))
        return int(result.matched_count)

    async def delete(self, filter: Filter) -> int:
        """Remove every document that matches."""
        result = await self._write("delete", lambda: self._raw.delete_many(filter, session=self._session))
        return int(result.deleted_count)

    async def _read(self, name: str, command: Callable[[], Awaitable[T]]) -> T:
        if self._session is not None:
            return await self._execute(name, command)
        return await read_with_retry(lambda: self._execute(name, command))

    async def _write(self, name: str, command: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._execute(name, command)
        except TransientConflict as conflict:
            if self._session is not None:
                raise
            raise Unavailable from conflict

    async def _execute(self, name: str, command: Callable[[], Awaitable[T]]) -> T:
        """The result of ``command``, called once there is a slot: Motor starts a command before it is awaited."""
        async with self._limiter or _NO_LIMIT:
            return await run_command(name, command() if self._session is None else shielded(command()))


class CollectionProvider(Protocol):
    """A source of collections: a storage's reader or a unit of work."""

    def collection(self, name: str) -> Collection:
        """The collection of this name."""
        ...


async def read_with_retry(read: Callable[[], Awaitable[T]]) -> T:
    """The result of a read outside of units of work, which is sent again after a conflict or an interruption."""
    try:
        return await run_with_retry(read, _READ_POLICY, Observer())
    except RetriesExhausted as exhausted:
        raise Unavailable from exhausted


async def run_command(name: str, command: Awaitable[T]) -> T:
    """The result of ``command``, recorded as a round trip; its errors translated."""
    record_start(name)
    try:
        return await command
    except PyMongoError as error:
        raise translate(error, name) from error
    finally:
        record_end()


async def shielded(command: Awaitable[T]) -> T:
    """The result of ``command``. A cancelled caller waits until it has ended.

    A command runs in a thread, which cannot be stopped. Its session must not be used before it has ended: an abort
    could overtake the command that opens the transaction, which then stayed open until the server times it out.
    """
    running = asyncio.ensure_future(command)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # retrieved, or asyncio would report it as lost
        raise

"""A collection as repositories use it: few operations, documents in and out, errors already in core's terms."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Protocol, TypeVar

from backends.mongo.driver import Document, PyMongoError, UpdateOne
from backends.mongo.errors import translate
from backends.mongo.slots import Slots
from core.storage.round_trips import record_end, record_start

T = TypeVar("T")

Filter = Mapping[str, Any]
Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Order = Sequence[tuple[str, int]]

_WHOLE = 1_000_000
"""Documents in a batch at most: everything in one reply, as far as the server's 16 MB for a reply allow."""

_NO_WAIT: nullcontext[None] = nullcontext()


class Collection:
    """A collection, read outside any unit of work or used in one.

    Each method is one round trip. Writes return how many documents matched.
    """

    def __init__(self, raw: Any, session: Any = None, slots: Slots | None = None) -> None:
        self._raw = raw
        self._session = session
        self._slots = slots

    async def find(  # noqa: PLR0913 - what a query is made of
        self,
        filter: Filter,
        projection: Filter | None = None,
        *,
        order: Order | None = None,
        skip: int = 0,
        limit: int = 0,
        index: str | None = None,
    ) -> list[Document]:
        """The documents that match, in ``order``; read from this index, where one is named."""
        options: dict[str, Any] = {"sort": order, "skip": skip, "limit": limit, "batch_size": limit or _WHOLE}
        cursor = self._raw.find(filter, projection, session=self._session, **options)
        if index:
            cursor = cursor.hint(index)
        return await self._done("find", lambda: cursor.to_list(None))

    async def aggregate(self, pipeline: Sequence[Filter]) -> list[Document]:
        """What a pipeline yields."""
        cursor = self._raw.aggregate(list(pipeline), session=self._session, batchSize=_WHOLE)
        return await self._done("aggregate", lambda: cursor.to_list(None))

    async def count(self, filter: Filter) -> int:
        """How many documents match, exactly. All of them are counted in the smallest index there is."""
        hint = {} if filter else {"hint": "_id_"}
        return await self._done("count", lambda: self._raw.count_documents(filter, session=self._session, **hint))

    async def insert(self, documents: Sequence[Document]) -> None:
        """Store new documents, all or none within a unit of work."""
        await self._done("insert", lambda: self._raw.insert_many(documents, session=self._session))

    async def insert_absent(self, document: Document) -> bool:
        """Store a new document unless there is one with its ``_id``; whether there was none."""
        key, rest = {"_id": document["_id"]}, {name: value for name, value in document.items() if name != "_id"}
        update = {"$setOnInsert": rest}
        result = await self._done(
            "upsert", lambda: self._raw.update_one(key, update, upsert=True, session=self._session)
        )
        return result.upserted_id is not None

    async def update_one(self, filter: Filter, update: Update) -> int:
        """Change the document that matches."""
        result = await self._done("update", lambda: self._raw.update_one(filter, update, session=self._session))
        return int(result.matched_count)

    async def update_many(self, filter: Filter, update: Update) -> int:
        """Change every document that matches."""
        result = await self._done("update", lambda: self._raw.update_many(filter, update, session=self._session))
        return int(result.matched_count)

    async def update_each(self, changes: Sequence[tuple[Filter, Update]]) -> int:
        """Change one document for each pair of filter and update, in the order given."""
        writes = [UpdateOne(*change) for change in changes]
        result = await self._done("update", lambda: self._raw.bulk_write(writes, session=self._session))
        return int(result.matched_count)

    async def delete(self, filter: Filter) -> int:
        """Remove every document that matches."""
        result = await self._done("delete", lambda: self._raw.delete_many(filter, session=self._session))
        return int(result.deleted_count)

    async def _done(self, what: str, command: Callable[[], Awaitable[T]]) -> T:
        """What ``command`` comes to: begun only when it is our turn, for Motor runs what nobody awaits."""
        async with self._slots or _NO_WAIT:
            return await sent(what, command() if self._session is None else completed(command()))


class Source(Protocol):
    """Something that has collections."""

    def collection(self, name: str) -> Collection:
        """The collection of this name."""
        ...


async def sent(what: str, command: Awaitable[T]) -> T:
    """The result of ``command``, noted as a round trip; its errors in core's terms."""
    record_start(what)
    try:
        return await command
    except PyMongoError as error:
        raise translate(error, what) from error
    finally:
        record_end()


async def completed(command: Awaitable[T]) -> T:
    """The result of ``command``; when cancelled, only after it has ended.

    A command runs in a thread, where nothing can stop it. A session must not be touched before it has ended, or an
    abort may overtake the command that opens the transaction, which then stays open until the server times it out.
    """
    running = asyncio.ensure_future(command)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # nobody else will ask for it
        raise

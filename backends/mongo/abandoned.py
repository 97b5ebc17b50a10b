"""Ends transactions that no process will end: their locks would last until the server times them out, after a minute.

A process knows of its own that the server has not received, or has not confirmed, their end: they are ended as soon as
the server answers. What has not been committed by then never will be, so a client that looks whether its change was
kept gets the final answer. Those of processes that were killed, or cut off, are idle: a process that keeps meeting
conflicts asks the server for them, and ends them. A unit of work that was only slow runs again.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from contextvars import Context
from typing import Any

from backends.mongo.collection import shielded
from backends.mongo.driver import APP_NAME, AsyncClient, PyMongoError, timeout

logger = logging.getLogger(__name__)

END_TIMEOUT_SECONDS = 1.0
"""The time for a command that ends a transaction or a connection."""

IDLE_SECONDS = 5.0
"""The time that an open transaction may have waited for commands, all in all; a unit of work takes milliseconds."""

_LIFETIME_SECONDS = 60.0
"""The time after which a server ends a transaction by itself."""

_RETRY_SECONDS = 0.5
_LIST_SECONDS = 1.0
"""The time between two requests for the list of idle transactions."""

_IDLE: list[Mapping[str, Any]] = [
    {"$currentOp": {"allUsers": False, "idleSessions": True}},
    {
        "$match": {
            "type": "idleSession",
            "appName": APP_NAME,
            "transaction.timeInactiveMicros": {"$gt": int(IDLE_SECONDS * 1_000_000)},
        }
    },
    {"$project": {"_id": 0, "id": "$lsid.id"}},
]


class AbandonedTransactions:
    """The sessions whose transactions are to be ended. They must not be used again."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._sessions: list[tuple[float, Any]] = []
        self._killing: asyncio.Task[None] | None = None
        self._listing: asyncio.Task[None] | None = None
        self._listed_at = 0.0

    def add(self, session_id: Any) -> None:
        """End the transaction of a session, in a task of its own."""
        self._sessions.append((time.monotonic() + _LIFETIME_SECONDS, session_id))
        if self._killing is None:
            self._killing = _start(self._kill_pending)

    def end_idle(self) -> None:
        """End the transactions that are idle, in a task of its own, unless that was tried within the last second."""
        is_due = time.monotonic() - self._listed_at >= _LIST_SECONDS
        if is_due and (self._listing is None or self._listing.done()):
            self._listed_at = time.monotonic()
            self._listing = _start(self._add_idle)

    async def close(self) -> None:
        """Stop; other processes or the server end the rest."""
        running = [task for task in (self._killing, self._listing) if task is not None and not task.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _add_idle(self) -> None:
        try:
            with timeout(END_TIMEOUT_SECONDS):
                found = await shielded(self._client.admin.aggregate(_IDLE).to_list(None))
        except PyMongoError as error:
            logger.warning("idle transactions cannot be listed: %s", type(error).__name__)
            return
        if found:
            logger.warning("%d idle transactions, as of processes that have died, are ended", len(found))
        for session_id in found:
            self.add(session_id)

    async def _kill_pending(self) -> None:
        try:
            while self._sessions:
                count = len(self._sessions)
                if await self._kill([session_id for _, session_id in self._sessions]):
                    del self._sessions[:count]
                else:
                    await asyncio.sleep(_RETRY_SECONDS)
                    now = time.monotonic()
                    self._sessions = [(end, session_id) for end, session_id in self._sessions if end > now]
        finally:
            self._killing = None

    async def _kill(self, session_ids: list[Any]) -> bool:
        try:
            with timeout(END_TIMEOUT_SECONDS):
                await shielded(self._client.admin.command("killSessions", session_ids))
        except PyMongoError:
            return False
        return True


def _start(work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
    """A task whose round trips count for no request."""
    return asyncio.get_running_loop().create_task(work(), context=Context())

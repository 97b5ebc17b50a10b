"""Ends transactions whose end the server has not received, or has not confirmed.

A server locks what such a transaction wrote until it times out, after a minute by default: after a server had hung for
a moment, a product could not be sold for that long. So one task ends them as soon as the server answers. What has not
been committed by then never will be, so a client that looks whether its change was kept gets the final answer.
"""

import asyncio
import time
from contextvars import Context
from typing import Any

from backends.mongo.collection import shielded
from backends.mongo.driver import AsyncClient, PyMongoError, timeout

END_TIMEOUT_SECONDS = 1.0
"""The time for a command that ends a transaction or a connection."""

_LIFETIME_SECONDS = 60.0
"""The time after which a server ends a transaction by itself."""

_RETRY_SECONDS = 0.5


class AbandonedTransactions:
    """The sessions whose transactions are to be ended. They must not be used again."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._sessions: list[tuple[float, Any]] = []
        self._killing: asyncio.Task[None] | None = None

    def add(self, session: Any) -> None:
        """End the transaction of a session, in a task of its own."""
        self._sessions.append((time.monotonic() + _LIFETIME_SECONDS, session.session_id))
        if self._killing is None:
            self._killing = asyncio.get_running_loop().create_task(self._kill_pending(), context=Context())

    async def close(self) -> None:
        """Stop; the server times out the rest."""
        if self._killing is not None:
            self._killing.cancel()
            await asyncio.wait([self._killing])

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

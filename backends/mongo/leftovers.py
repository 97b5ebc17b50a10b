"""Transactions whose end the server has not been told, or has not confirmed.

A server keeps what such a transaction wrote against everybody else until its time is up, a minute by default: after a
server had hung for a moment, a product could not be sold for that long. So one task tells it, as soon as it listens.
What has not been committed by then never will be: who is told to look whether a change was kept, finds the truth.
"""

import asyncio
import time
from contextvars import Context
from typing import Any

from backends.mongo.collection import completed
from backends.mongo.driver import AsyncClient, PyMongoError, at_most

CANCEL_GRACE_SECONDS = 1.0
"""Seconds in which a server can be told that something is of no use any more."""

_LIFETIME = 60.0
"""Seconds after which it ends a transaction by itself."""

_PAUSE = 0.5


class Leftovers:
    """Sessions whose transactions are to be ended. They must not be used again."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._ids: list[tuple[float, Any]] = []
        self._telling: asyncio.Task[None] | None = None

    def add(self, session: Any) -> None:
        """End the transaction of a session; nobody waits for it."""
        self._ids.append((time.monotonic() + _LIFETIME, session.session_id))
        if self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell(), context=Context())

    async def close(self) -> None:
        """Leave the rest to the server."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait([self._telling])

    async def _tell(self) -> None:
        try:
            while self._ids:
                count = len(self._ids)
                if await self._kill([key for _, key in self._ids]):
                    del self._ids[:count]
                else:
                    await asyncio.sleep(_PAUSE)
                    now = time.monotonic()
                    self._ids = [(end, key) for end, key in self._ids if end > now]
        finally:
            self._telling = None

    async def _kill(self, ids: list[Any]) -> bool:
        try:
            with at_most(CANCEL_GRACE_SECONDS):
                await completed(self._client.admin.command("killSessions", ids))
        except PyMongoError:
            return False
        return True

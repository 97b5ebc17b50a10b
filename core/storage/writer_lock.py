"""The lock of a store in the memory of the process, of whose units of work one writes at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from core.errors import PoolExhausted


class WriterLock:
    """Held by one unit of work of an event loop. Those of different loops do not wait for each other: no lock can."""

    def __init__(self) -> None:
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    @asynccontextmanager
    async def hold(self, seconds: float) -> AsyncIterator[None]:
        """Wait at most so many seconds for the lock, and hold it while the context is open.

        Raises:
            PoolExhausted: on entry, where it did not become free in time.
        """
        lock = self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        try:
            async with asyncio.timeout(seconds):
                await lock.acquire()
        except TimeoutError:
            raise PoolExhausted from None
        try:
            yield
        finally:
            lock.release()

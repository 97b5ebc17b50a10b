"""The limit on concurrent operations of a process, and its figures."""

import asyncio

from core.errors import PoolExhausted
from core.settings import PoolClass, Settings
from core.storage import PoolStatus


class ConcurrencyLimiter:
    """A semaphore with one slot per connection of the pool: for a read, or for a unit of work as a whole.

    The driver assigns a connection to a command, never to a unit of work. Without this limit, requests beyond the
    pool's size would wait inside the executor, where no wait has a timeout.

    ``async with limiter`` acquires a slot and releases it.

    Raises:
        PoolExhausted: no slot became free within ``pool_timeout`` seconds.
    """

    def __init__(self, settings: Settings) -> None:
        is_single = settings.pool_class is PoolClass.STATIC
        self._size = 1 if is_single else settings.pool_size
        self._overflow = 0 if is_single else settings.pool_max_overflow
        self._timeout = settings.pool_timeout
        self._semaphore = asyncio.Semaphore(self.limit)
        self._in_use = 0

    @property
    def limit(self) -> int:
        """Number of slots."""
        return self._size + self._overflow

    async def __aenter__(self) -> None:
        if self._semaphore.locked():
            await self._wait()
        else:
            await self._semaphore.acquire()  # returns at once, so it needs no timer
        self._in_use += 1

    async def __aexit__(self, *_: object) -> None:
        self._in_use -= 1
        self._semaphore.release()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._semaphore.acquire()
        except TimeoutError:
            raise PoolExhausted from None

    def status(self) -> PoolStatus:
        """Figures of the pool: a slot in use counts as a connection in use, for it may have one at any moment."""
        return PoolStatus(pool_size=self._size, max_overflow=self._overflow, connections_in_use=self._in_use)

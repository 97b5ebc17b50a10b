"""How much a process does at once, and what it says about that."""

import asyncio

from core.errors import PoolExhausted
from core.settings import PoolClass, Settings
from core.storage import PoolStatus


class Slots:
    """As many turns as there may be connections: one for a read, one for a unit of work from its begin to its end.

    The driver hands out a connection per command and never to a unit of work as a whole; without turns, requests past
    the limit would wait inside the executor, where no wait is bounded.

    ``async with slots`` waits for a turn and has it.

    Raises:
        PoolExhausted: none became free in ``pool_timeout`` seconds.
    """

    def __init__(self, settings: Settings) -> None:
        self._single = settings.pool_class is PoolClass.STATIC
        self._size = 1 if self._single else settings.pool_size
        self._overflow = 0 if self._single else settings.pool_max_overflow
        self._timeout = settings.pool_timeout
        self._free = asyncio.Semaphore(self.limit)
        self._taken = 0

    @property
    def limit(self) -> int:
        """Turns at most."""
        return self._size + self._overflow

    async def __aenter__(self) -> None:
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()  # at once, so without a timer
        self._taken += 1

    async def __aexit__(self, *_: object) -> None:
        self._taken -= 1
        self._free.release()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._free.acquire()
        except TimeoutError:
            raise PoolExhausted from None

    def status(self) -> PoolStatus:
        """Figures. Whoever has a turn may have a connection, and nobody has one for a request without a turn."""
        return PoolStatus(pool_size=self._size, max_overflow=self._overflow, connections_in_use=self._taken)

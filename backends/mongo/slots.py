"""How much a process does at once, and what it says about that."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Lock

from backends.mongo.driver import monitoring
from core.errors import PoolExhausted
from core.settings import PoolClass, Settings
from core.storage import PoolStatus
from core.storage.trips import answered, note

commands = logging.getLogger("backends.mongo.commands")

_GREETINGS = {"hello", "ismaster", "saslStart", "saslContinue", "authenticate"}


class Slots:
    """As many turns as there may be connections: one for a read, one for a unit of work from its begin to its end.

    The driver hands out a connection per command and never to a unit of work as a whole; without turns, requests past
    the limit would wait inside the executor, where no wait is bounded.
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

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Raises:
            PoolExhausted: none became free in ``pool_timeout`` seconds.
        """
        try:
            async with asyncio.timeout(self._timeout):
                await self._free.acquire()
        except TimeoutError:
            raise PoolExhausted from None
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
            self._free.release()

    def status(self, checked_out: int) -> PoolStatus:
        """Figures, given the number of connections that the driver has handed out.

        A unit of work between two commands holds a turn and no connection; whichever is more is what is in use.
        """
        in_use = max(self._taken, checked_out)
        return PoolStatus(pool_size=self._size, max_overflow=self._overflow, connections_in_use=in_use)


class PoolListener(monitoring.ConnectionPoolListener):
    """Counts the connections that are handed out, over the pools of all servers."""

    def __init__(self) -> None:
        self._lock = Lock()  # events come from the threads in which the driver works
        self.checked_out = 0

    def connection_checked_out(self, _event: monitoring.ConnectionCheckedOutEvent) -> None:
        with self._lock:
            self.checked_out += 1

    def connection_checked_in(self, _event: monitoring.ConnectionCheckedInEvent) -> None:
        with self._lock:
            self.checked_out -= 1

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None: ...
    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None: ...
    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None: ...
    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None: ...
    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None: ...
    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None: ...
    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None: ...
    def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None: ...
    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None: ...


class TripListener(monitoring.CommandListener):
    """Notes every command that goes to a server as a round trip, and logs it where that is wanted."""

    def __init__(self, echo: bool) -> None:
        self._echo = echo

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in _GREETINGS:
            return  # part of opening a connection, not of a request
        note(event.command_name)
        if self._echo:
            target = event.command.get(event.command_name) if event.command else ""
            commands.info("%s %s", event.command_name, target)

    def succeeded(self, _event: monitoring.CommandSucceededEvent) -> None:
        answered()

    def failed(self, _event: monitoring.CommandFailedEvent) -> None:
        answered()

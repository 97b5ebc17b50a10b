"""The connections of a process: how many there may be, who waits for one, and when one is no longer trusted.

SQLAlchemy opens and closes them and sees to it when one is lost. Its own pool is not used: handing out a connection
that is there takes it longer than PostgreSQL needs for a read by key.
"""

import asyncio
from time import monotonic
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from backends.sql.dialects import Dialect
from backends.sql.engine import CONNECT_TIMEOUT
from backends.sql.errors import Disconnected, translate
from backends.sql.limit import unanswered
from core.errors import PoolExhausted, Unavailable
from core.settings import PoolClass, Settings
from core.storage import PoolStatus
from core.timeouts import CANCEL_GRACE_SECONDS, DeadlineTimer


class Held:
    """A connection that is open.

    Attributes:
        connection: as SQLAlchemy has it.
        driver: the driver's own.
        born: when it was opened, by the monotonic clock.
    """

    __slots__ = ("born", "connection", "driver")

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.driver: Any = connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]
        self.born = monotonic()


class Taken:
    """A connection for as long as the context lasts; a generator would take as long again."""

    __slots__ = ("_held", "_pool")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    async def __aenter__(self) -> Held:
        self._held = await self._pool.take()
        return self._held

    async def __aexit__(self, *_: object) -> None:
        await self._pool.give_back(self._held)


class Pool:
    """Connections, the one used last handed out first; whoever finds none waits in line."""

    def __init__(self, engine: AsyncEngine, dialect: Dialect, settings: Settings, timer: DeadlineTimer) -> None:
        self._engine = engine
        self._timer = timer
        self._dialect = dialect
        self._settings = settings
        match settings.pool_class:
            case PoolClass.QUEUE:
                self._size, self._overflow = settings.pool_size, settings.pool_max_overflow
            case PoolClass.STATIC:
                self._size, self._overflow = 1, 0
            case PoolClass.NULL:
                self._size, self._overflow = 0, 0
        self._turns = asyncio.Semaphore(self._size + self._overflow) if self._size else None
        self._idle: list[Held] = []
        self._taken = 0
        self._lost_at = 0.0
        event.listen(engine.sync_engine, "handle_error", self._on_error)

    def status(self) -> PoolStatus:
        """Figures; without a size, those in use are not counted either."""
        return PoolStatus(
            pool_size=self._size,
            max_overflow=self._overflow,
            connections_in_use=self._taken if self._size else 0,
        )

    def taken(self) -> "Taken":
        """A connection, given back in the end.

        Raises:
            PoolExhausted: none became free in time.
            Unavailable: the server does not let us in.
        """
        return Taken(self)

    async def take(self) -> Held:
        """See ``taken``."""
        await self._wait()
        self._taken += 1
        try:
            return await self._trusted() or await self._open()
        except BaseException:
            self._leave()
            raise

    async def give_back(self, held: Held) -> None:
        """See ``taken``."""
        try:
            await self._keep(held)
        finally:
            self._leave()

    def _leave(self) -> None:
        self._taken -= 1
        if self._turns is not None:
            self._turns.release()

    async def _keep(self, held: Held) -> None:
        if held.connection.invalidated or len(self._idle) >= self._size:
            await asyncio.shield(held.connection.close())
        else:
            self._idle.append(held)

    async def _wait(self) -> None:
        if self._turns is None:
            return
        if self._turns.locked():
            await self._timer.wait_for(self._settings.pool_timeout, self._turns.acquire(), PoolExhausted)
        else:
            await self._turns.acquire()  # at once

    async def _trusted(self) -> Held | None:
        """One that is open, and neither too old nor older than the loss of another."""
        while self._idle:
            held = self._idle.pop()
            if self._is_fresh(held) and (not self._settings.pool_pre_ping or await self._answers(held)):
                return held
            await asyncio.shield(self._closed(held, CANCEL_GRACE_SECONDS))
        return None

    def _is_fresh(self, held: Held) -> bool:
        if held.born < self._lost_at:
            return False
        return self._settings.pool_recycle < 0 or monotonic() - held.born <= self._settings.pool_recycle

    async def _answers(self, held: Held) -> bool:
        try:
            await self._timer.wait_for(
                self._settings.database_timeout, held.connection.exec_driver_sql("SELECT 1"), unanswered
            )
        except Exception as error:
            meant = translate(self._dialect, error)
            if isinstance(meant, Disconnected):
                return False
            raise meant from error
        return True

    async def _open(self) -> Held:
        """A new one. Whoever is cancelled meanwhile leaves it to others: drivers do not take half a log-in well."""
        opening = asyncio.ensure_future(self._opened())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])
            if not opening.cancelled() and opening.exception() is None:
                await self._keep(opening.result())
            raise

    async def _opened(self) -> Held:
        connection = self._engine.connect()
        try:
            await self._timer.wait_for(CONNECT_TIMEOUT + CANCEL_GRACE_SECONDS, connection.start(), unanswered)
        except Exception as error:
            meant = translate(self._dialect, error)
            raise (Unavailable() if isinstance(meant, Disconnected) else meant) from error
        return Held(connection)

    def _on_error(self, context: Any) -> None:
        if context.is_disconnect:
            self._lost_at = monotonic()

    async def close(self) -> None:
        """Close those that are idle. A server that does not answer one farewell is left without the others."""
        patience = CANCEL_GRACE_SECONDS
        while self._idle:
            if not await self._closed(self._idle.pop(), patience):
                patience = 0.0

    async def _closed(self, held: Held, patience: float) -> bool:
        """Close a connection; whether the server took part in it."""
        try:
            await self._timer.wait_for(patience, held.connection.close(), unanswered)
        except Unavailable:
            return False
        return True

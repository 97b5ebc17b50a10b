"""The connections of a process: how many there may be, which task waits for one, and when one is no longer trusted.

SQLAlchemy opens and closes them and cleans up when one is lost. Its own pool is not used: handing out a connection
that is open takes it longer than PostgreSQL needs for a read by key.
"""

import asyncio
import logging
from time import monotonic
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from backends.sql.dialects import Dialect
from backends.sql.engine import connect_timeout
from backends.sql.errors import Disconnected, statement_timed_out, translate
from core.errors import PoolExhausted, TransientConflict, Unavailable
from core.settings import PoolClass, Settings
from core.storage import PoolStatus
from core.timeouts import CANCEL_GRACE_SECONDS, DeadlineTimer

logger = logging.getLogger(__name__)

_IDLE_SHARE = 0.8
"""Share of a server's limit for idle connections for which one is kept: it must not end while it is handed out."""


class PooledConnection:
    """A connection that is open.

    Attributes:
        connection: SQLAlchemy's.
        driver: the driver's own.
        opened_at: when, by the monotonic clock.
        idle_since: when it was released.
    """

    __slots__ = ("connection", "driver", "idle_since", "opened_at")

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.driver: Any = connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]
        self.opened_at = self.idle_since = monotonic()


class ConnectionLease:
    """A connection for as long as the context lasts; a generator would take as long again."""

    __slots__ = ("_pool", "_pooled")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    async def __aenter__(self) -> PooledConnection:
        self._pooled = await self._pool._acquire()
        return self._pooled

    async def __aexit__(self, *_: object) -> None:
        await self._pool.release(self._pooled)


class Pool:
    """Connections, the one used last handed out first. Tasks that find none wait in order of arrival."""

    def __init__(self, engine: AsyncEngine, dialect: Dialect, settings: Settings, timer: DeadlineTimer) -> None:
        self._engine = engine
        self._timer = timer
        self._dialect = dialect
        self._settings = settings
        self._connect_timeout = connect_timeout(dialect, settings)
        match settings.pool_class:
            case PoolClass.QUEUE:
                self._size, self._overflow = settings.pool_size, settings.pool_max_overflow
            case PoolClass.STATIC:
                self._size, self._overflow = 1, 0
            case PoolClass.NULL:
                self._size, self._overflow = 0, 0
        self._slots = asyncio.Semaphore(self._size + self._overflow) if self._size else None
        self._idle: list[PooledConnection] = []
        self._in_use = 0
        self._echo = settings.pool_echo
        self._stale_before = 0.0
        self._max_idle = settings.idle_transaction_timeout * _IDLE_SHARE if dialect.has_idle_limit else None
        event.listen(engine.sync_engine, "handle_error", self._on_error)

    def status(self) -> PoolStatus:
        """Figures; without a size, those in use are not counted either."""
        return PoolStatus(
            pool_size=self._size,
            max_overflow=self._overflow,
            connections_in_use=self._in_use if self._size else 0,
            connections_idle=len(self._idle),
        )

    def acquire(self) -> ConnectionLease:
        """A context manager of a connection, which is released in the end.

        Raises:
            PoolExhausted: on entry, where none became free in time.
            Unavailable: on entry, where the server accepts no new one.
        """
        return ConnectionLease(self)

    async def _acquire(self) -> PooledConnection:
        await self._wait()
        self._in_use += 1
        try:
            pooled = await self._pop_idle() or await self._open()
        except BaseException:
            self._release_slot()
            raise
        self._log("checkout", pooled)
        return pooled

    async def release(self, pooled: PooledConnection) -> None:
        """Keep a connection for its next use, or close it."""
        try:
            await self._keep(pooled)
        finally:
            self._release_slot()

    def _release_slot(self) -> None:
        self._in_use -= 1
        if self._slots is not None:
            self._slots.release()

    async def _keep(self, pooled: PooledConnection) -> None:
        self._log("invalidate" if pooled.connection.invalidated else "checkin", pooled)
        if pooled.connection.invalidated or len(self._idle) >= self._size:
            await asyncio.shield(pooled.connection.close())
        else:
            if self._max_idle is not None:
                pooled.idle_since = monotonic()
            self._idle.append(pooled)

    async def _wait(self) -> None:
        if self._slots is None:
            return
        if self._slots.locked():
            await self._timer.wait_for(self._settings.pool_timeout, self._slots.acquire(), PoolExhausted)
        else:
            await self._slots.acquire()  # at once

    async def _pop_idle(self) -> PooledConnection | None:
        """One that is open, and neither too old, idle for too long, nor older than the loss of another."""
        while self._idle:
            pooled = self._idle.pop()
            if self._is_fresh(pooled) and (not self._settings.pool_pre_ping or await self._ping(pooled)):
                return pooled
            self._log("invalidate", pooled)
            await asyncio.shield(self._close(pooled, CANCEL_GRACE_SECONDS))
        return None

    def _is_fresh(self, pooled: PooledConnection) -> bool:
        if pooled.opened_at < self._stale_before:
            return False
        if self._max_idle is not None and monotonic() - pooled.idle_since > self._max_idle:
            return False
        return self._settings.pool_recycle < 0 or monotonic() - pooled.opened_at <= self._settings.pool_recycle

    async def _ping(self, pooled: PooledConnection) -> bool:
        """Whether the server answers on a connection."""
        try:
            await self._timer.wait_for(
                self._settings.database_timeout, pooled.connection.exec_driver_sql("SELECT 1"), statement_timed_out
            )
        except Exception as error:
            translated = translate(self._dialect, error)
            if isinstance(translated, Disconnected):
                return False
            raise translated from error
        return True

    async def _open(self) -> PooledConnection:
        """A new one. A task that is cancelled meanwhile leaves it to others: drivers do not take half a login well."""
        opening = asyncio.ensure_future(self._connect())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])
            if not opening.cancelled() and opening.exception() is None:
                await self._keep(opening.result())
            raise

    async def _connect(self) -> PooledConnection:
        connection = self._engine.connect()
        timeout = self._connect_timeout + CANCEL_GRACE_SECONDS
        try:
            await self._timer.wait_for(timeout, connection.start(), statement_timed_out)
        except Exception as error:
            translated = translate(self._dialect, error)
            is_temporary = isinstance(translated, Disconnected | TransientConflict)
            raise (Unavailable() if is_temporary else translated) from error
        pooled = PooledConnection(connection)
        self._log("connect", pooled)
        return pooled

    def _log(self, event: str, pooled: PooledConnection) -> None:
        if self._echo:
            logger.info("%s connection %x, %s in use, %s idle", event, id(pooled.driver), self._in_use, len(self._idle))

    def _on_error(self, context: Any) -> None:
        if context.is_disconnect:
            self._stale_before = monotonic()

    async def discard_all(self, connection: AsyncConnection) -> None:
        """Close a connection that is of no more use, and all others that are open before their next use."""
        self._stale_before = monotonic()
        await connection.invalidate()

    async def close(self) -> None:
        """Close those that are idle. Once a server does not answer, it is not waited for with the others."""
        seconds = CANCEL_GRACE_SECONDS
        while self._idle:
            if not await self._close(self._idle.pop(), seconds):
                seconds = 0.0

    async def _close(self, pooled: PooledConnection, seconds: float) -> bool:
        """Close a connection; whether the server took part in it."""
        try:
            await self._timer.wait_for(seconds, pooled.connection.close(), statement_timed_out)
        except Unavailable:
            return False
        return True

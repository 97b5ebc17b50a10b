"""Another client of the same database, which uses nothing of the storage."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from backends.sql.dialects import DIALECTS, Dialect
from backends.sql.engine import database_url
from conformance.defaults import settings_for
from core.settings import Settings
from tests.harness.server import KINDS

SERVERS = ("postgresql", "mysql", "mariadb")
ALL = tuple(DIALECTS)

# All sessions on the server: first the number, fourth the database. Then the number of one's own.
_SESSIONS = {
    "postgresql": (
        "SELECT pid, NULL, NULL, datname FROM pg_stat_activity WHERE backend_type = 'client backend'",
        "SELECT pg_backend_pid()",
    ),
    "mysql": ("SHOW PROCESSLIST", "SELECT CONNECTION_ID()"),
}
_KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}


def dialect_of(settings: Settings) -> Dialect:
    """The dialect of the database."""
    return DIALECTS[settings.url.partition(":")[0]]


class ExternalClient:
    """Reads what is stored, holds locks, and ends other clients' sessions."""

    def __init__(self, settings: Settings) -> None:
        self.dialect = dialect_of(settings)
        self._family = "mysql" if self.dialect.name == "mariadb" else self.dialect.name
        url = KINDS[self.dialect.name].as_administrator(settings.url)
        self._url = database_url(self.dialect, settings_for(url))

    @asynccontextmanager
    async def connection(self, **options: str) -> AsyncIterator[AsyncConnection]:
        """A connection in autocommit mode, closed in the end."""
        url = self._url.update_query_dict(options)
        engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def rows(self, query: str, **params: Any) -> Sequence[Any]:
        """The rows of a query."""
        async with self.connection() as connection:
            return (await connection.execute(text(query), params)).all()

    async def run(self, *statements: str) -> None:
        """Run statements."""
        async with self.connection() as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement)

    async def sessions(self) -> set[int]:
        """The server's numbers of all other sessions on the database."""
        sessions, own = _SESSIONS[self._family]
        # MySQL and MariaDB also show what each is at, cut off in the middle of a character; Latin 1 knows no middle.
        options = {"charset": "latin1"} if self._family == "mysql" else {}
        async with self.connection(**options) as connection:
            rows: Iterable[Any] = await connection.exec_driver_sql(sessions)
            found = {row[0] for row in rows if row[3] == self._url.database}
            return found - {(await connection.exec_driver_sql(own)).scalar_one()}

    async def settled(self, count: int) -> set[int]:
        """The sessions once there are ``count``: a server needs a moment to notice that one has left."""
        for _ in range(60):
            if len(await self.sessions()) == count:
                break
            await asyncio.sleep(0.05)
        sessions = await self.sessions()
        assert len(sessions) == count
        return sessions

    async def end_all(self) -> None:
        """End all other sessions, as a server does that is shut down."""
        await self.run(*(_KILL[self._family].format(session) for session in await self.sessions()))

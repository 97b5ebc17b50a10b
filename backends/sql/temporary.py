"""Databases that a tool creates and drops again: one way per kind of database, chosen by its dialect."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy import URL

Execute = Callable[[str], Awaitable[None]]
"""Runs a statement on the server."""

TemporaryDatabase = Callable[[URL, str, Execute], AbstractAsyncContextManager[URL]]
"""The URL of a new database of a name, from the URL of one beside it. It is dropped when the context is left."""


def created_by(statement: str) -> TemporaryDatabase:
    """For servers: ``statement`` creates the database ``{name}``."""

    @asynccontextmanager
    async def temporary_database(url: URL, name: str, execute: Execute) -> AsyncIterator[URL]:
        await execute(statement.format(name=name))
        try:
            yield url.set(database=name)
        finally:
            await execute(f"DROP DATABASE {name}")

    return temporary_database

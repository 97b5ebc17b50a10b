"""Databases of our own, for as long as a tool needs them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex

from sqlalchemy import URL, text

from backends.sql.dialects import Dialect
from backends.sql.engine import database_url, migration_engine
from backends.sql.errors import refusal
from core.settings import Settings


@asynccontextmanager
async def scratch(dialect: Dialect, settings: Settings) -> AsyncIterator[str]:
    """The URL of a new database on the same server, or of a new file in the same folder."""
    url = database_url(dialect, settings)
    name = f"stockroom_scratch_{token_hex(4)}"
    if dialect.capabilities.embedded:
        file = Path(url.database or "").with_name(f"{name}.db")
        try:
            yield _text(url.set(database=str(file)))
        finally:
            _remove(file)
        return
    await _execute(dialect, settings, dialect.create_database.format(name=name))
    try:
        yield _text(url.set(database=name))
    finally:
        await _execute(dialect, settings, f"DROP DATABASE {name}")


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)


async def _execute(dialect: Dialect, settings: Settings, statement: str) -> None:
    engine = migration_engine(dialect, settings).execution_options(isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    except Exception as error:
        raise refusal(dialect, settings, error) from error
    finally:
        await engine.dispose()


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)

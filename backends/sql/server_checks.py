"""Whether a server and a database meet the shop's requirements."""

import re
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from backends.sql.dialects import Dialect
from core.errors import ConfigurationError
from core.settings import PoolClass, Settings

Requirements = Sequence[tuple[str, object, str]]


async def check_server(connection: AsyncConnection, dialect: Dialect) -> str:
    """The server's version.

    Raises:
        ConfigurationError: it is too old, another product, or the database cannot hold every character.
    """
    await _require(connection, dialect.requirements)
    version = str((await connection.execute(text(dialect.version))).scalar_one()).split("-")[0].split(" ")[0]
    if tuple(map(int, re.findall(r"\d+", version))) < dialect.minimum_version:
        needed = ".".join(map(str, dialect.minimum_version))
        raise ConfigurationError(
            f"DATABASE_URL: {dialect.title} {version} is too old; {needed} or newer is needed. Upgrade the server."
        )
    return version


async def check_session(connection: AsyncConnection, dialect: Dialect, settings: Settings) -> None:
    """Check that a connection that is to be kept has the settings of its session.

    Raises:
        ConfigurationError: it has not, as behind a pooler.
    """
    if settings.pool_class is not PoolClass.NULL:
        await _require(connection, dialect.session_requirements)


async def _require(connection: AsyncConnection, requirements: Requirements) -> None:
    for query, required, remedy in requirements:
        if (await connection.execute(text(query))).scalar_one() != required:
            raise ConfigurationError(f"DATABASE_URL: {remedy}.")


async def check_connection_limit(connection: AsyncConnection, dialect: Dialect, settings: Settings) -> None:
    """Compare the pool with the connections that the server takes at all.

    Raises:
        ConfigurationError: this process alone might want more.
    """
    if not dialect.connection_limit or settings.pool_class is not PoolClass.QUEUE:
        return
    limit = int((await connection.execute(text(dialect.connection_limit))).scalar_one())
    needed = settings.pool_size + settings.pool_max_overflow
    if needed > limit:
        raise ConfigurationError(
            f"POOL_SIZE and POOL_MAX_OVERFLOW allow {needed} connections, but the server takes {limit}. "
            "Lower them, or raise the server's max_connections."
        )

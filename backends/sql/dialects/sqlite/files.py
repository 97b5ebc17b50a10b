"""Where an SQLite database is: a file that can be exchanged while it is open, or the memory of the process."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.errors import ConfigurationError, Unavailable

EXAMPLE_URL = "sqlite:///./stockroom.db"

_MEMORY = (None, "", ":memory:")

logger = logging.getLogger(__name__)


def check_url(url: URL) -> None:
    """Refuse a database in memory that each connection would have for itself.

    Raises:
        ConfigurationError: ``memory_url`` was not asked.
    """
    if url.database in _MEMORY:
        raise ConfigurationError(f"DATABASE_URL names an SQLite database in memory. Name a file: {EXAMPLE_URL}")


def memory_url(given: str) -> str | None:
    """For a URL in memory, the URL of a new database that all connections of the process share; None for a file."""
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        return None  # which is reported when it is opened
    if url.database not in _MEMORY:
        return None
    return f"{url.drivername}:///file:/stockroom-{token_hex(8)}?vfs=memdb&uri=true"


def watch_file(url: URL) -> Callable[[], None]:
    """What raises Unavailable once the file at the URL is no longer the one that is there now."""
    path = Path(url.database or "").absolute()
    opened = _identity(path)

    def require_same_file() -> None:
        if opened is not None and _identity(path) != opened:
            logger.error("the database file %s was deleted or replaced; restart the server", path)
            raise Unavailable("The database file was deleted or replaced while it was in use. Restart the server.")

    return require_same_file


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino

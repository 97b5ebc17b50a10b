"""Whether a storage's schema is the one this version of Stockroom works with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.errors import ConfigurationError
from core.plugins import discover
from core.settings import Settings
from core.storage import Migrations, Storage


def difference(migrations: Migrations, revision: str | None) -> str | None:
    """What is wrong with a schema at ``revision``, and the remedy; None where nothing is."""
    known = [step.id for step in migrations.history()]
    head = known[-1] if known else None
    if revision == head:
        return None
    if revision is not None and revision not in known:
        return (
            f"The schema is at revision {revision}, which this version of Stockroom does not know. "
            "Install the version that made it."
        )
    return f"The schema is at revision {revision or 'none'}, and {head} is needed. Run: stockroom migrate up"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Storage]:
    """The storage that the settings name, with a current schema; an embedded one is migrated first.

    Raises:
        ConfigurationError: it cannot be opened, or its schema is not current.
    """
    backend = discover().choose(settings)
    migrations = backend.migrations(settings)
    if backend.capabilities.embedded:
        await migrations.up()
    storage = await backend.open(settings)
    try:
        wrong = difference(migrations, await migrations.current())
        if wrong:
            raise ConfigurationError(wrong)
        yield storage
    finally:
        await storage.close()

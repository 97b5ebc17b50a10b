"""Opens the storage of the settings and checks it: its capabilities, and that its schema is current."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.errors import ConfigurationError
from core.settings import Settings
from core.storage import Backend, Migrations, Storage

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StorageHandle:
    """A storage in use.

    Attributes:
        backend: that opened it.
        storage: open until the context ends.
        head: the schema revision it must be at; None for a backend without a schema.
    """

    backend: Backend
    storage: Storage
    head: str | None


@asynccontextmanager
async def open_storage(backend: Backend, settings: Settings) -> AsyncIterator[StorageHandle]:
    """Open a storage and close it at the end. An embedded one whose schema is not current is migrated.

    Raises:
        ConfigurationError: it cannot be opened, can do less than its backend declares, or its schema is not current.
    """
    migrations = backend.migrations(settings)
    storage = await backend.open(settings)
    try:
        backend.capabilities.require(storage.capabilities, backend.name)
        if not storage.capabilities.durable:
            logger.warning("%s is not durable: everything is lost when this process ends", storage.server)
        wrong = schema_mismatch(migrations, await storage.schema_revision())
        if wrong and backend.capabilities.embedded:
            await migrations.up()
        elif wrong:
            raise ConfigurationError(wrong)
        yield StorageHandle(backend, storage, head(migrations))
    finally:
        await storage.close()


def head(migrations: Migrations) -> str | None:
    """The last revision there is."""
    history = migrations.history()
    return history[-1].id if history else None


def schema_mismatch(migrations: Migrations, revision: str | None) -> str | None:
    """The problem with a schema at ``revision``, and the remedy; None where it is current."""
    needed = head(migrations)
    if revision == needed:
        return None
    if revision is not None and revision not in {known.id for known in migrations.history()}:
        return (
            f"The schema is at revision {revision}, which this version of Stockroom does not know. "
            "Install the version that made it."
        )
    return f"The schema is at revision {revision or 'none'}, and {needed} is needed. Run: stockroom migrate up"

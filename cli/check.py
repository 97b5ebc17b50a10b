"""``stockroom check``."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

import typer
from rich.filesize import decimal

from cli.backends import format_value
from core.plugins import discover
from core.settings import Settings, load
from core.startup import schema_mismatch
from core.storage import Storage

_GRANTS = "docs/connecting.md lists them for each database."


def check() -> None:
    """Connect to the storage, and report its capabilities, its schema, and what is to be done.

    The exit code is 0 where nothing is to be done, 1 where something is, 2 where the settings are wrong or the server
    does not answer.
    """
    remedy = asyncio.run(examine(load()))
    if remedy:
        typer.echo(f"To do: {remedy}")
        raise typer.Exit(1)
    typer.echo("All is well.")


async def examine(settings: Settings) -> str | None:
    """Print a report of the storage; returns what is to be done, if anything.

    Raises:
        ConfigurationError: it the storage cannot be opened, or lacks a capability that its backend declares.
        Unavailable: the storage does not answer.
    """
    backend = discover().choose(settings)
    migrations = backend.migrations(settings)
    storage = await backend.open(settings)
    try:
        _print("backend", backend.name)
        _print("server", storage.server)
        await storage.ping()
        _print(
            "capabilities", *(f"{format_value(value):4}{name}" for name, value in asdict(storage.capabilities).items())
        )
        backend.capabilities.require(storage.capabilities, backend.name)
        if missing := await storage.missing_rights():
            _print("rights", *(f"missing {right}" for right in missing))
            return f"Grant the user of DATABASE_URL the rights that are missing: {', '.join(missing)}. {_GRANTS}"
        await _print_size(storage)
        revision = await migrations.current()
        remedy = schema_mismatch(migrations, revision)
        _print("schema", f"{revision or 'none'}{'' if remedy else ' (head)'}")
        return remedy or schema_repair(revision, await migrations.differences())
    finally:
        await storage.close()


def schema_repair(revision: str | None, differences: Sequence[str]) -> str | None:
    """What is to be done about a schema that something other than a migration changed, if anything."""
    if not differences:
        return None
    return f"The schema is not that of revision {revision}: {'; '.join(differences)}. Undo what changed it."


async def _print_size(storage: Storage) -> None:
    if storage.capabilities.reports_size:
        _print("size", decimal(await storage.size()))


def _print(label: str, *lines: str) -> None:
    for number, line in enumerate(lines):
        typer.echo(f"{'' if number else label:14}{line}")

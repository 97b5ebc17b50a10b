"""``stockroom check``."""

import asyncio
from dataclasses import asdict

import typer
from rich.filesize import decimal

from cli.backends import told
from core.plugins import discover
from core.settings import Settings, load
from core.startup import schema_mismatch
from core.storage import Storage


def check() -> None:
    """Connect, look at what the storage can do and at its schema, and say what is to be done.

    The exit code is 0 where nothing is, 1 where something is, 2 where the settings or the server are not right.
    """
    remedy = asyncio.run(examine(load()))
    if remedy:
        typer.echo(f"To do: {remedy}")
        raise typer.Exit(1)
    typer.echo("All is well.")


async def examine(settings: Settings) -> str | None:
    """Print what is found; what is to be done, if anything.

    Raises:
        ConfigurationError: it cannot be opened, or can do less than its backend declares.
        Unavailable: it does not answer.
    """
    backend = discover().choose(settings)
    migrations = backend.migrations(settings)
    storage = await backend.open(settings)
    try:
        _tell("backend", backend.name)
        _tell("server", storage.server)
        await storage.ping()
        _tell("capabilities", *(f"{told(value):4}{name}" for name, value in asdict(storage.capabilities).items()))
        backend.capabilities.require(storage.capabilities, backend.name)
        await _tell_size(storage)
        revision = await migrations.current()
        remedy = schema_mismatch(migrations, revision)
        _tell("schema", f"{revision or 'none'}{'' if remedy else ' (head)'}")
        return remedy
    finally:
        await storage.close()


async def _tell_size(storage: Storage) -> None:
    if storage.capabilities.reports_size:
        _tell("size", decimal(await storage.size()))


def _tell(what: str, *lines: str) -> None:
    for number, line in enumerate(lines):
        typer.echo(f"{'' if number else what:14}{line}")

"""``stockroom check``."""

import asyncio
from dataclasses import asdict

import typer

from core.opening import schema_difference
from core.plugins import discover
from core.settings import Settings, load


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
        typer.echo(f"backend       {backend.name}")
        typer.echo(f"server        {storage.server}")
        await storage.ping()
        for name, able in asdict(storage.capabilities).items():
            typer.echo(f"{'capabilities' if name == 'transactions' else '':14}{'yes' if able else 'no':4}{name}")
        backend.capabilities.require(storage.capabilities, backend.name)
        revision = await migrations.current()
        remedy = schema_difference(migrations, revision)
        typer.echo(f"schema        {revision or 'none'}{'' if remedy else ' (head)'}")
        return remedy
    finally:
        await storage.close()

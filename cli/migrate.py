"""``stockroom migrate``."""

import asyncio
from typing import Annotated

import typer

from core.plugins import discover
from core.settings import load
from core.startup import head
from core.storage import Migrations

app = typer.Typer(help="Bring the schema up to date, or back.", no_args_is_help=True)


@app.command()
def up(target: Annotated[str, typer.Argument(help="A revision, +N for steps, or head.")] = "head") -> None:
    """Go up to a revision."""
    migrations = load_migrations()
    asyncio.run(migrations.up(target))
    print_revision(migrations)


@app.command(context_settings={"ignore_unknown_options": True})
def down(target: Annotated[str, typer.Argument(help="A revision, -N for steps, or base.")]) -> None:
    """Go down to a revision. At base, all data is deleted."""
    migrations = load_migrations()
    asyncio.run(migrations.down(target))
    print_revision(migrations)


@app.command()
def current() -> None:
    """Print the revision of the schema."""
    print_revision(load_migrations())


@app.command()
def history() -> None:
    """List the revisions, first to last."""
    for revision in load_migrations().history():
        typer.echo(f"{revision.id}  {revision.title}")


@app.command()
def sql(
    span: Annotated[str, typer.Argument(help="FROM:TO; downwards where FROM is the later one.")] = "base:head",
) -> None:
    """Print the statements of a span, to be run by hand, without a connection."""
    typer.echo(load_migrations().script(span), nl=False)


def load_migrations() -> Migrations:
    """The migrations of the storage that the settings name."""
    settings = load()
    return discover().choose(settings).migrations(settings)


def print_revision(migrations: Migrations) -> None:
    """Print the current revision of the storage."""
    revision = asyncio.run(migrations.current())
    typer.echo(f"{revision or 'none'}{' (head)' if revision == head(migrations) else ''}")

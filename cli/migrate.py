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
    migrations = chosen()
    asyncio.run(migrations.up(target))
    show(migrations)


@app.command(context_settings={"ignore_unknown_options": True})
def down(target: Annotated[str, typer.Argument(help="A revision, -N for steps, or base.")]) -> None:
    """Go down to a revision. At base, all that was stored is gone."""
    migrations = chosen()
    asyncio.run(migrations.down(target))
    show(migrations)


@app.command()
def current() -> None:
    """Say where the schema is."""
    show(chosen())


@app.command()
def history() -> None:
    """List the revisions, first to last."""
    for revision in chosen().history():
        typer.echo(f"{revision.id}  {revision.title}")


@app.command()
def sql(
    span: Annotated[str, typer.Argument(help="From and to; downwards where from is the later.")] = "base:head",
) -> None:
    """Write the statements of a span, to be run by hand; nothing is connected to."""
    typer.echo(chosen().script(span), nl=False)


def chosen() -> Migrations:
    """Those of the storage that the settings name."""
    settings = load()
    return discover().choose(settings).migrations(settings)


def show(migrations: Migrations) -> None:
    """Print the revision the storage is at."""
    revision = asyncio.run(migrations.current())
    typer.echo(f"{revision or 'none'}{' (head)' if revision == head(migrations) else ''}")

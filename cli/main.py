"""The entry point of ``stockroom``. Exit codes: 0 success, 1 something is to be done, 2 the configuration is wrong."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from cli import access, backends, check, compare, migrate, seed, serve, superuser
from core.errors import StockroomError

app = typer.Typer(
    help="One commerce API, any database. DATABASE_URL, in the environment or in .env, chooses it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serve.serve)
app.command()(backends.backends)
app.command()(check.check)
app.command()(access.access)
app.command()(seed.seed)
app.command()(superuser.create_superuser)
app.command()(compare.compare)
app.add_typer(migrate.app, name="migrate")


def _print_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"stockroom {version('stockroom')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and exit. An error that the operator can correct takes one line, without a traceback."""
    try:
        app(arguments)
    except StockroomError as error:
        typer.echo(f"stockroom: {' '.join(error.detail.split())}", err=True)
        sys.exit(2)

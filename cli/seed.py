"""``stockroom seed``."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.passwords import PasswordHasher
from core.plugins import discover
from core.settings import Settings, load
from core.startup import open_storage
from demo.scale import SCALES, Scale
from demo.writer import is_empty, write_shop

DEMO_PASSWORD = "DemoPass123"  # noqa: S105
"""Of every demo user. Hashed once, because hashing it for each user would take too long."""


def seed(
    scale: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(f'{name} ({count})' for name, count in SCALES.items())}, or a number of products."
        ),
    ] = "small",
) -> None:
    """Fill an empty store with a demo shop: products, users, posts, accounts, orders, all in proportion.

    The same scale gives the same shop on every storage, except for times and order numbers. Every user's password is
    DemoPass123.
    """
    try:
        parsed = Scale.parse(scale)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--scale") from None
    if not asyncio.run(fill(load(), parsed)):
        typer.echo(
            "stockroom: the store is not empty, and a demo shop would mix with its data. "
            "Set DATABASE_URL to another one, or delete all data with: stockroom migrate down base",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo(f"Created a demo shop of {parsed.products} products. The password of every user is {DEMO_PASSWORD}.")


async def fill(settings: Settings, scale: Scale) -> bool:
    """Write the demo shop; False, and nothing written, where the store is not empty."""
    async with open_storage(discover().choose(settings), settings) as shop:
        storage = shop.storage
        if not await is_empty(storage):
            return False
        password_hash = await PasswordHasher(settings).hash(DEMO_PASSWORD)
        columns = (TextColumn("seeding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("seeding", total=scale.total)
            await write_shop(storage, scale, password_hash, lambda rows: progress.advance(task, rows))
    return True

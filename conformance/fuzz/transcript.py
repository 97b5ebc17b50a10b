"""Holding a written conversation again."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from fastapi import FastAPI

from conformance.fuzz.panel import Panel
from conformance.fuzz.steps import Line
from conformance.target import Target


def replay(
    lines: Sequence[Line],
    targets: Sequence[Target],
    apps: Mapping[str, FastAPI],
    alter: Callable[[FastAPI], None] | None = None,
) -> None:
    """Hold a conversation with all ``targets`` at once, and look at everything at its end.

    Raises:
        Divergence: a storage answered what the shop does not.
    """
    asyncio.run(_replay(lines, targets, apps, alter))


async def _replay(
    lines: Sequence[Line],
    targets: Sequence[Target],
    apps: Mapping[str, FastAPI],
    alter: Callable[[FastAPI], None] | None,
) -> None:
    async with Panel.of(targets, apps, alter) as panel:
        for line in lines:
            await panel.hear(line)
        await panel.look_round()

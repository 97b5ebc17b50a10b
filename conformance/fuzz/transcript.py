"""Replaying a written request sequence."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from fastapi import FastAPI

from conformance.fuzz.differential import DifferentialRunner
from conformance.fuzz.steps import Line
from conformance.target import Target


def replay(
    lines: Sequence[Line],
    targets: Sequence[Target],
    apps: Mapping[str, FastAPI],
    alter: Callable[[FastAPI], None] | None = None,
) -> None:
    """Run a sequence on all ``targets`` at once, and compare all data at its end.

    Raises:
        Divergence: a storage differs from the model.
    """
    asyncio.run(_replay(lines, targets, apps, alter))


async def _replay(
    lines: Sequence[Line],
    targets: Sequence[Target],
    apps: Mapping[str, FastAPI],
    alter: Callable[[FastAPI], None] | None,
) -> None:
    async with DifferentialRunner.open(targets, apps, alter) as runner:
        for line in lines:
            await runner.execute(line)
        await runner.compare_state()

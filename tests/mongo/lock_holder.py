"""A process that locks every category of a database, and then waits until it is killed."""

import asyncio
import sys
from dataclasses import replace

from conformance.defaults import settings_for
from core.plugins import discover
from core.storage import Transaction


async def hold(url: str) -> None:
    """Lock, and wait."""
    settings = settings_for(url)
    storage = await discover().choose(settings).open(settings)

    async def work(tx: Transaction) -> None:
        for category in await tx.categories.all():
            await tx.categories.save(replace(category, version=category.version + 1))
        print("locked", flush=True)  # noqa: T201 - for the test
        await asyncio.Event().wait()

    await storage.run(work)


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[1]))

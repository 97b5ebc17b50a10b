"""Real server processes that are ready, for tests that come from outside."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.processes.serving import serving
from core.settings import Settings


@contextmanager
def live(settings: Settings, folder: Path) -> Iterator[str]:
    """The base URL of a ``stockroom serve`` that is ready; it ends when the context is left."""
    with several_live(settings, folder, 1) as [url]:
        yield url


@contextmanager
def several_live(settings: Settings, folder: Path, count: int) -> Iterator[list[str]]:
    """The base URLs of ``count`` processes on one store, all ready; they end when the context is left."""
    with serving(settings, folder, count) as servers:

        async def ready() -> None:
            await asyncio.gather(*(server.ready() for server in servers))

        asyncio.run(ready())
        yield [server.url for server in servers]

"""One real server process, for tests that come from outside."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.processes.serving import serving
from core.settings import Settings


@contextmanager
def live(settings: Settings, folder: Path) -> Iterator[str]:
    """The base URL of a ``stockroom serve`` that is ready; it ends when the context is left."""
    with serving(settings, folder, 1) as [server]:
        asyncio.run(server.ready())
        yield server.url

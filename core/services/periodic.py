"""Work that is repeated while the application runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from core.errors import StockroomError

_log = logging.getLogger(__name__)


@asynccontextmanager
async def repeated(work: Callable[[], Awaitable[object]], every: float, failure: str) -> AsyncIterator[None]:
    """Call ``work`` every ``every`` seconds while the context is open; ``failure`` is logged where it raises."""
    task = asyncio.create_task(_repeat(work, every, failure))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(work: Callable[[], Awaitable[object]], every: float, failure: str) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await work()
        except StockroomError as error:
            _log.warning("%s: %s", failure, error.code)
        except Exception:
            _log.exception("%s", failure)

"""How long a database is waited for."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

from core.errors import Unavailable

FAREWELL = 1.0
"""Seconds that a driver has to take its leave of a server that did not answer."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


async def limited(seconds: float, answer: Awaitable[T]) -> T:
    """What is awaited, unless that takes longer; SQLAlchemy then throws the connection away.

    A driver that is cancelled tells the server so, and may wait for that as well: a second time-out ends this.

    Raises:
        Unavailable: time was up.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with asyncio.timeout(seconds + FAREWELL), limit:
            return await answer
    except TimeoutError:
        if not limit.expired():
            raise  # the network's own
        logger.warning("storage did not answer within %g s", seconds)
        raise Unavailable from None

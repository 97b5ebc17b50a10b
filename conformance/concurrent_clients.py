"""Concurrent HTTP clients, spread over several server processes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import httpx2

from conformance.problem import error_of
from conformance.shop import Shop

SendRequest = Callable[[httpx2.AsyncClient, int], Awaitable[httpx2.Response]]
"""Sends the n-th request through the given client."""


class ConcurrentClients:
    """Clients of several servers, which take requests in turn.

    Attributes:
        all: one client per server.
        shop: creates and reads data through the first client.
    """

    def __init__(self, clients: Sequence[httpx2.AsyncClient], shop: Shop) -> None:
        self.all = clients
        self.shop = shop

    @classmethod
    @asynccontextmanager
    async def connect(cls, urls: Sequence[str], numbers: Iterator[int]) -> "AsyncIterator[ConcurrentClients]":
        """Clients of the servers with these base URLs; ``numbers`` make the shop's names unique."""
        # A server closes a connection that was idle for 5 s, perhaps just when the next request is on its way.
        unlimited = httpx2.Limits(max_connections=None, keepalive_expiry=2)
        clients = [httpx2.AsyncClient(base_url=url, timeout=60, limits=unlimited) for url in urls]
        try:
            yield cls(clients, Shop(clients[0], numbers))
        finally:
            await asyncio.gather(*(client.aclose() for client in clients))

    async def run(self, count: int, send: SendRequest, *, concurrency: int | None = None) -> list[httpx2.Response]:
        """The responses to ``count`` requests, in their order, at most ``concurrency`` (default: all) at a time."""
        semaphore = asyncio.Semaphore(concurrency or count)

        async def send_one(number: int) -> httpx2.Response:
            async with semaphore:
                return await send(self.all[number % len(self.all)], number)

        return list(await asyncio.gather(*map(send_one, range(count))))


def count_outcomes(responses: Sequence[httpx2.Response]) -> dict[object, int]:
    """How often each status occurs; a problem counts under its ``error_of``."""
    return dict(Counter(each.status_code if each.is_success else error_of(each) for each in responses))

"""Many clients at once, spread over several server processes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import httpx2

from conformance.problem import refusal
from conformance.shop import Shop

Ask = Callable[[httpx2.AsyncClient, int], Awaitable[httpx2.Response]]
"""Sends the n-th request through the client given."""


class Crowd:
    """Clients that take turns on the servers; ``shop`` prepares and inspects through the first of them."""

    def __init__(self, clients: Sequence[httpx2.AsyncClient], shop: Shop) -> None:
        self.clients = clients
        self.shop = shop

    @classmethod
    @asynccontextmanager
    async def at(cls, urls: Sequence[str], numbers: Iterator[int]) -> "AsyncIterator[Crowd]":
        """A crowd at servers with these base URLs."""
        # A server hangs up on who has been silent for 5 s, and may do so just when the next request is on its way.
        unlimited = httpx2.Limits(max_connections=None, keepalive_expiry=2)
        clients = [httpx2.AsyncClient(base_url=url, timeout=60, limits=unlimited) for url in urls]
        try:
            yield cls(clients, Shop(clients[0], numbers))
        finally:
            await asyncio.gather(*(client.aclose() for client in clients))

    async def rush(self, count: int, ask: Ask, *, at_once: int | None = None) -> list[httpx2.Response]:
        """The answers to ``count`` requests, in their order, with at most ``at_once`` (else all) on their way."""
        gate = asyncio.Semaphore(at_once or count)

        async def one(number: int) -> httpx2.Response:
            async with gate:
                return await ask(self.clients[number % len(self.clients)], number)

        return list(await asyncio.gather(*map(one, range(count))))


def outcomes(answers: Sequence[httpx2.Response]) -> dict[object, int]:
    """How often each status, or kind of refusal, was answered."""
    return dict(Counter(answer.status_code if answer.is_success else refusal(answer) for answer in answers))

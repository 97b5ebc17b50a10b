"""Driving a shop: as many clients as wanted, each waiting for its answer, or arrivals that wait for nobody."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from time import perf_counter

Ask = Callable[[int, float], Awaitable[None]]
"""Sends one request as the n-th client, to be timed from the given moment of ``perf_counter``. Never raises."""

PATIENCE = 60.0
"""Seconds after the end within which every request must have been answered."""

LEAST_GRACE = 2.0
"""Seconds, at least, after the end within which arrivals that had to queue are still served; else as long as it ran."""

_SPIN = 0.0015
"""Seconds. A timer of an event loop is up to a millisecond late; the last moment before an arrival is waited for by
giving way to other tasks again and again."""


class Stuck(Exception):
    """Requests got no answer long after the end."""


async def closed(ask: Ask, clients: int, seconds: float) -> float:
    """Each of the clients asks again as soon as it is answered; the seconds until the last was."""
    start = perf_counter()

    async def client(number: int) -> None:
        while (now := perf_counter()) < start + seconds:
            await ask(number, now)

    await _all([asyncio.ensure_future(client(number)) for number in range(clients)], seconds)
    return perf_counter() - start


async def paced(ask: Ask, rate: float, at_once: int, seconds: float) -> tuple[float, int]:
    """Requests arrive evenly, ``rate`` per second, whatever becomes of those before.

    At most ``at_once`` are on their way; those that must wait for their turn are timed from when they should have been
    sent, so a shop that stalls is charged for everybody who stood in the queue (no coordinated omission).

    Returns:
        The seconds until all were answered, at least ``seconds``, and how many were never sent: their turn had not
        come long after the end.
    """
    start = perf_counter()
    end = start + seconds
    closing = end + max(seconds, LEAST_GRACE)
    arrivals = count()
    unserved = 0

    async def client(number: int) -> None:
        nonlocal unserved
        for arrival in arrivals:
            due = start + arrival / rate
            if due >= end:
                return
            await _until(due)
            if perf_counter() < closing:
                await ask(number, due)
            else:
                unserved += 1

    await _all([asyncio.ensure_future(client(number)) for number in range(at_once)], closing - start)
    return max(seconds, perf_counter() - start), unserved


async def _until(moment: float) -> None:
    left = moment - perf_counter()
    if left > _SPIN:
        await asyncio.sleep(left - _SPIN)
    while perf_counter() < moment:  # noqa: ASYNC110 - what is waited for is a moment, not an event
        await asyncio.sleep(0)


async def _all(clients: list[asyncio.Future[None]], seconds: float) -> None:
    try:
        done, stuck = await asyncio.wait(clients, timeout=seconds + PATIENCE)
    finally:
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    for client in done:
        client.result()
    if stuck:
        raise Stuck(f"{len(stuck)} of {len(clients)} clients got no answer for {PATIENCE:g} s")

"""Load generation: a closed loop, in which each client waits for its answer, and an open loop at a fixed rate."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from time import perf_counter

SendRequest = Callable[[int, float], Awaitable[None]]
"""Sends one request as the n-th client, timed from the given moment of ``perf_counter``. Never raises."""

ANSWER_TIMEOUT_SECONDS = 60.0
"""After the end of a run; requests that are still unanswered then fail the run."""

MIN_DRAIN_SECONDS = 2.0
"""Time after the end in which queued arrivals are still sent; as long as the run where that is longer."""

_SPIN_SECONDS = 0.0015
"""A timer of an event loop is up to a millisecond late, so the last moment before an arrival is spent yielding to
other tasks."""


class ClientsTimedOut(Exception):
    """Requests were not answered within ``ANSWER_TIMEOUT_SECONDS`` after the end."""


async def run_closed_loop(send: SendRequest, clients: int, seconds: float) -> float:
    """Each client sends its next request as soon as the last one is answered; the seconds until the last answer."""
    start = perf_counter()

    async def run_client(number: int) -> None:
        while (now := perf_counter()) < start + seconds:
            await send(number, now)

    await _gather([asyncio.ensure_future(run_client(number)) for number in range(clients)], seconds)
    return perf_counter() - start


async def run_open_loop(send: SendRequest, rate: float, clients: int, seconds: float) -> tuple[float, int]:
    """Requests arrive evenly, ``rate`` per second, however long the earlier ones take.

    At most ``clients`` are in progress. A request that had to queue is timed from when it was due, so the latencies of
    a stalled shop include the wait (no coordinated omission).

    Returns:
        The seconds until all were answered, at least ``seconds``; and the number of requests that were never sent,
        because they were still queued long after the end.
    """
    start = perf_counter()
    end = start + seconds
    deadline = end + max(seconds, MIN_DRAIN_SECONDS)
    arrivals = count()
    unserved = 0

    async def run_client(number: int) -> None:
        nonlocal unserved
        for arrival in arrivals:
            due = start + arrival / rate
            if due >= end:
                return
            await _sleep_until(due)
            if perf_counter() < deadline:
                await send(number, due)
            else:
                unserved += 1

    await _gather([asyncio.ensure_future(run_client(number)) for number in range(clients)], deadline - start)
    return max(seconds, perf_counter() - start), unserved


async def _sleep_until(moment: float) -> None:
    left = moment - perf_counter()
    if left > _SPIN_SECONDS:
        await asyncio.sleep(left - _SPIN_SECONDS)
    while perf_counter() < moment:  # noqa: ASYNC110 - what is waited for is a moment, not an event
        await asyncio.sleep(0)


async def _gather(clients: list[asyncio.Future[None]], seconds: float) -> None:
    try:
        done, pending = await asyncio.wait(clients, timeout=seconds + ANSWER_TIMEOUT_SECONDS)
    finally:
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    for client in done:
        client.result()
    if pending:
        raise ClientsTimedOut(
            f"{len(pending)} of {len(clients)} clients got no answer for {ANSWER_TIMEOUT_SECONDS:g} s"
        )

"""Measuring: all sizes in turn, request by request, so that a machine that drifts meets all of them alike."""

import gc
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.growth.client import Client
from benchmarks.growth.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Pace:
    """How often each endpoint is asked.

    Attributes:
        rounds: over all endpoints and sizes.
        seconds: for one endpoint at one size in one round.
        most: requests in that time at most; one is made however long it takes.
    """

    rounds: int
    seconds: float
    most: int


WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Growth:
    """What one endpoint costs.

    Attributes:
        rounds: of each round, the median of the requests at each size, in seconds; sizes as they were given.
    """

    endpoint: Endpoint
    rounds: list[list[float]]

    @property
    def costs(self) -> list[float]:
        """Seconds at each size: the median of the rounds."""
        return [statistics.median(costs) for costs in zip(*self.rounds, strict=True)]

    @property
    def ratio(self) -> float:
        """What the largest shop costs of what the smallest does: the median of the rounds' ratios."""
        return statistics.median(costs[-1] / costs[0] for costs in self.rounds)


async def grow(
    endpoints: Sequence[Endpoint], clients: Sequence[Client], pace: Pace, tell: Callable[[str], None]
) -> list[Growth]:
    """Measure endpoints on shops of several sizes."""
    found = [Growth(endpoint, []) for endpoint in endpoints]
    for number in range(pace.rounds):
        for growth in found:
            growth.rounds.append(await _costs(growth.endpoint, clients, pace))
        tell(f"  round {number + 1} of {pace.rounds}")
    return found


async def _costs(endpoint: Endpoint, clients: Sequence[Client], pace: Pace) -> list[float]:
    """At each size the median of some requests, in seconds; the sizes take turns, request by request.

    Of endpoints that write, nothing that they added remains.
    """
    for client in clients:
        await _warm(endpoint, client, pace.seconds)
    gc.collect()
    took: list[list[float]] = [[] for _ in clients]
    until = perf_counter() + pace.seconds * len(clients)
    while not took[0] or (len(took[0]) < pace.most and perf_counter() < until):
        for client, own in zip(clients, took, strict=True):
            own.append(await _once(endpoint, client))
    if endpoint.kind.writes:
        for client in clients:
            await client.database.prune(client.shop)
    return [statistics.median(own) for own in took]


async def _warm(endpoint: Endpoint, client: Client, seconds: float) -> None:
    """A few requests, or one that takes long."""
    for _ in range(WARM_UP):
        if await _once(endpoint, client) > seconds:
            break


async def _once(endpoint: Endpoint, client: Client) -> float:
    return (await client.timed(await endpoint.make(client)))[0]

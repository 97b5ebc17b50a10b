"""Measures all sizes in turn, request by request, so that changes of the machine's speed affect all of them."""

import gc
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.growth.client import Client
from benchmarks.growth.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Sampling:
    """How often each endpoint is measured.

    Attributes:
        rounds: over all endpoints and sizes.
        seconds: for one endpoint at one size in one round.
        max_requests: in that time; at least one is sent.
    """

    rounds: int
    seconds: float
    max_requests: int


WARM_UP_REQUESTS = 5


@dataclass(frozen=True, slots=True)
class Growth:
    """The cost of one endpoint.

    Attributes:
        rounds: for each round the median of the requests at each size, in seconds.
    """

    endpoint: Endpoint
    rounds: list[list[float]]

    @property
    def costs(self) -> list[float]:
        """Seconds at each size: the median of the rounds."""
        return [statistics.median(costs) for costs in zip(*self.rounds, strict=True)]

    @property
    def ratio(self) -> float:
        """The cost at the largest size as a multiple of that at the smallest: the median of the rounds."""
        return statistics.median(costs[-1] / costs[0] for costs in self.rounds)


async def measure_growth(
    endpoints: Sequence[Endpoint], clients: Sequence[Client], sampling: Sampling, log: Callable[[str], None]
) -> list[Growth]:
    """Measure endpoints on shops of several sizes."""
    found = [Growth(endpoint, []) for endpoint in endpoints]
    for number in range(sampling.rounds):
        for growth in found:
            growth.rounds.append(await _measure_round(growth.endpoint, clients, sampling))
        log(f"  round {number + 1} of {sampling.rounds}")
    return found


async def _measure_round(endpoint: Endpoint, clients: Sequence[Client], sampling: Sampling) -> list[float]:
    """The median of the requests at each size, in seconds; the sizes take turns, request by request.

    Rows that were added are deleted.
    """
    for client in clients:
        await _warm_up(endpoint, client, sampling.seconds)
    gc.collect()
    seconds: list[list[float]] = [[] for _ in clients]
    deadline = perf_counter() + sampling.seconds * len(clients)
    while not seconds[0] or (len(seconds[0]) < sampling.max_requests and perf_counter() < deadline):
        for client, own in zip(clients, seconds, strict=True):
            own.append(await _time_request(endpoint, client))
    if endpoint.kind.is_write:
        for client in clients:
            await client.database.prune(client.shop)
    return [statistics.median(own) for own in seconds]


async def _warm_up(endpoint: Endpoint, client: Client, seconds: float) -> None:
    """A few requests; a single one where it takes long."""
    for _ in range(WARM_UP_REQUESTS):
        if await _time_request(endpoint, client) > seconds:
            break


async def _time_request(endpoint: Endpoint, client: Client) -> float:
    return (await client.timed_request(await endpoint.make(client)))[0]

"""Three servers that are one replica set, and two processes of the shop: races, also while servers are killed."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import httpx2
import pytest

from conformance.crowd import Crowd
from conformance.defaults import settings_for
from conformance.problem import refusal
from conformance.processes.serving import Serving, serving
from conformance.shop import Shop
from conformance.suite import test_races as races
from core.plugins import Registry
from tests.harness.kind import database_url
from tests.harness.run_directory import RunDirectory
from tests.mongo.deployment import Node, initiate, member, primary, start
from tests.mongo.trade import Trade, assert_asks_to_come_back

pytestmark = pytest.mark.only("mongodb")

RACES = [
    races.test_64_orders_for_the_last_10_pieces,
    races.test_money_is_conserved,
    races.test_a_deleted_category_leaves_no_orphan,
]
ELECTIONS = {"electionTimeoutMillis": 1500, "heartbeatIntervalMillis": 500}
PATIENCE = 60
TIMEOUT = 10
BOUND = 35
"""Seconds in which a request is answered, whatever has become of the servers: units of work begin again for 15, a
commit is asked for again for ``TIMEOUT``, and no server is found for 5; at either the last try may begin at the end."""
# Followers ask for each batch: one that is stopped leaves nothing for itself in the buffer of a connection.
POLLING = "--setParameter=oplogFetcherUsesExhaust=false"


@dataclass(frozen=True)
class Cluster:
    """Three nodes and two servers of the shop."""

    url: str
    nodes: dict[int, Node]
    servers: list[Serving]
    numbers: Iterator[int]

    async def kill_primary(self, *more: int) -> int:
        """Kill a primary that nobody has followed for a moment: what it alone knows, and told, is lost.

        Args:
            more: which of the others die with it.

        Returns:
            its port.
        """
        port = await primary(self.url)
        others = [node for node in self.nodes.values() if node.port != port]
        for node in others:
            os.kill(node.process.pid, SIGSTOP)
        try:
            await asyncio.sleep(0.5)
            self.nodes[port].kill()
            for number in more:
                others[number].kill()
        finally:
            for node in others:
                if node.running:
                    os.kill(node.process.pid, SIGCONT)
        return port

    async def heal(self) -> None:
        """Start whoever was killed, and return once all take part."""
        for node in self.nodes.values():
            if not node.running:
                await node.again()
        await asyncio.gather(*(member(node) for node in self.nodes.values()))


@pytest.fixture(scope="module")
def cluster(
    site: RunDirectory, mongod: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Everything started and ready; the shop without data."""

    async def prepare() -> tuple[str, list[Node]]:
        nodes = await asyncio.gather(*(start(site, mongod, POLLING) for _ in range(3)))
        url = database_url(await initiate(*nodes, **ELECTIONS), "shop")
        settings = settings_for(url)
        await registry.choose(settings).migrations(settings).up()
        return url, nodes

    url, nodes = asyncio.run(prepare())
    with serving(settings_for(url, database_timeout=TIMEOUT), tmp_path_factory.mktemp("servers"), 2) as servers:
        for one in servers:
            asyncio.run(one.ready())
        yield Cluster(url, {node.port: node for node in nodes}, servers, count(1))


@pytest.fixture
async def crowd(cluster: Cluster) -> AsyncIterator[Crowd]:
    """Clients of both servers; all nodes are there."""
    await cluster.heal()
    async with Crowd.at([one.url for one in cluster.servers], cluster.numbers) as crowd:
        yield crowd


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__.removeprefix("test_"))
async def test_on_three_nodes(crowd: Crowd, race: Callable[[Crowd], Awaitable[None]]) -> None:
    await race(crowd)


async def test_no_acknowledged_write_is_lost_when_the_primary_is_killed(cluster: Cluster, crowd: Crowd) -> None:
    trade = await Trade.of(crowd)
    async with trade.going_on():
        await trade.more(PATIENCE, orders=10, transfers=10, products=2, deletions=5)
        rush = asyncio.create_task(trade.rush_for_the_last())
        killed = await cluster.kill_primary()
        await rush
        await trade.more(PATIENCE, orders=20, transfers=20, products=4, deletions=10)
    assert await primary(cluster.url) != killed
    await audit(trade, cluster, crowd)


async def test_without_a_majority_writes_answer_503_until_there_is_one_again(cluster: Cluster, crowd: Crowd) -> None:
    trade = await Trade.of(crowd)
    async with trade.going_on():
        await trade.more(PATIENCE, orders=10, transfers=10, products=2, deletions=5)
        killed = await cluster.kill_primary(0)
        await asyncio.gather(*(closed(client) for client in crowd.clients))
        [dead] = [node for node in cluster.nodes.values() if not node.running and node.port != killed]
        await dead.again()
        await trade.more(PATIENCE, orders=20, transfers=20, products=4, deletions=10)
    assert trade.unavailable > 0
    assert not cluster.nodes[killed].running
    await audit(trade, cluster, crowd)
    await cluster.heal()
    await audit(trade, cluster, crowd)


async def closed(client: httpx2.AsyncClient) -> None:
    """A server of the shop lives, takes no writes, and says so in time."""
    for _ in range(3):
        answer = await client.post("/categories", json={"name": "too early"})
        assert_asks_to_come_back(answer)
        assert refusal(answer) == (503, "storage-unavailable")
        assert answer.elapsed.total_seconds() < BOUND
    assert (await client.get("/livez")).status_code == 200
    assert (await client.get("/readyz")).status_code == 503


async def audit(trade: Trade, cluster: Cluster, crowd: Crowd) -> None:
    """Every server of the shop is as it was, and tells the same."""
    assert trade.longest < BOUND
    for one, client in zip(cluster.servers, crowd.clients, strict=True):
        await one.ready()
        await trade.audit(Shop(client, cluster.numbers))

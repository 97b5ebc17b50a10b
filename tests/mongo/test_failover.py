"""A replica set of three servers and two processes of the API: races, and losses of servers."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import httpx2
import pytest

from conformance.concurrent_clients import ConcurrentClients
from conformance.defaults import settings_for
from conformance.problem import error_of
from conformance.processes.servers import ShopServer, start_servers
from conformance.shop import Shop
from conformance.suite import test_races as races
from core.plugins import Registry
from tests.harness.kind import database_url
from tests.harness.run_directory import RunDirectory
from tests.mongo.deployment import Node, find_primary, initiate, start_node, wait_until_member
from tests.mongo.workload import Workload, assert_unavailable

pytestmark = pytest.mark.only("mongodb")

RACES = [
    races.test_64_orders_share_the_last_10_pieces,
    races.test_money_is_conserved,
    races.test_deleted_category_leaves_no_orphan,
]
ELECTIONS = {"electionTimeoutMillis": 1500, "heartbeatIntervalMillis": 500}
WAIT_SECONDS = 60
TIMEOUT = 10
MAX_RESPONSE_SECONDS = 35
"""The time for an answer in any state of the servers: units of work are run again for 15 s, a commit is sent again for
``TIMEOUT``, no server is found for 5 s; the last attempt of either may begin at its end."""
# Secondaries request each batch: one that is stopped has nothing left to read in the buffer of a connection.
POLLING = "--setParameter=oplogFetcherUsesExhaust=false"


@dataclass(frozen=True)
class Cluster:
    """Three nodes and two server processes of the API."""

    url: str
    nodes: dict[int, Node]
    servers: list[ShopServer]
    numbers: Iterator[int]

    async def kill_primary(self, *more: int) -> int:
        """Kill a primary whose writes were not replicated for a moment: those that only it has are lost.

        Args:
            more: positions of the secondaries that are killed with it.

        Returns:
            its port.
        """
        port = await find_primary(self.url)
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
                if node.is_running:
                    os.kill(node.process.pid, SIGCONT)
        return port

    async def heal(self) -> None:
        """Restart the nodes that were killed, and return once all are members."""
        for node in self.nodes.values():
            if not node.is_running:
                await node.restart()
        await asyncio.gather(*(wait_until_member(node) for node in self.nodes.values()))


@pytest.fixture(scope="module")
def cluster(
    site: RunDirectory, mongod: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """The cluster, ready and without data."""

    async def prepare() -> tuple[str, list[Node]]:
        nodes = await asyncio.gather(*(start_node(site, mongod, POLLING) for _ in range(3)))
        url = database_url(await initiate(*nodes, **ELECTIONS), "shop")
        settings = settings_for(url)
        await registry.choose(settings).migrations(settings).up()
        return url, nodes

    url, nodes = asyncio.run(prepare())
    with start_servers(settings_for(url, database_timeout=TIMEOUT), tmp_path_factory.mktemp("servers"), 2) as servers:
        for server in servers:
            asyncio.run(server.wait_until_ready())
        yield Cluster(url, {node.port: node for node in nodes}, servers, count(1))


@pytest.fixture
async def clients(cluster: Cluster) -> AsyncIterator[ConcurrentClients]:
    """Clients of both servers, with every node running."""
    await cluster.heal()
    async with ConcurrentClients.connect([server.url for server in cluster.servers], cluster.numbers) as clients:
        yield clients


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__.removeprefix("test_"))
async def test_race_on_three_nodes(
    clients: ConcurrentClients, race: Callable[[ConcurrentClients], Awaitable[None]]
) -> None:
    await race(clients)


async def test_killed_primary_loses_no_acknowledged_write(cluster: Cluster, clients: ConcurrentClients) -> None:
    workload = await Workload.create(clients)
    async with workload.running():
        await workload.wait_for(WAIT_SECONDS, orders=10, transfers=10, products=2, deletions=5)
        last_orders = asyncio.create_task(workload.order_last_pieces())
        killed = await cluster.kill_primary()
        await last_orders
        await workload.wait_for(WAIT_SECONDS, orders=20, transfers=20, products=4, deletions=10)
    assert await find_primary(cluster.url) != killed
    await audit(workload, cluster, clients)


async def test_writes_answer_503_without_a_majority(cluster: Cluster, clients: ConcurrentClients) -> None:
    workload = await Workload.create(clients)
    async with workload.running():
        await workload.wait_for(WAIT_SECONDS, orders=10, transfers=10, products=2, deletions=5)
        killed = await cluster.kill_primary(0)
        await asyncio.gather(*(assert_read_only(client) for client in clients.all))
        [dead] = [node for node in cluster.nodes.values() if not node.is_running and node.port != killed]
        await dead.restart()
        await workload.wait_for(WAIT_SECONDS, orders=20, transfers=20, products=4, deletions=10)
    assert workload.unavailable > 0
    assert not cluster.nodes[killed].is_running
    await audit(workload, cluster, clients)
    await cluster.heal()
    await audit(workload, cluster, clients)


async def assert_read_only(client: httpx2.AsyncClient) -> None:
    """A server process is alive, and answers writes with 503 in time."""
    for _ in range(3):
        answer = await client.post("/categories", json={"name": "too early"})
        assert_unavailable(answer)
        assert error_of(answer) == (503, "storage-unavailable")
        assert answer.elapsed.total_seconds() < MAX_RESPONSE_SECONDS
    assert (await client.get("/livez")).status_code == 200
    assert (await client.get("/readyz")).status_code == 503


async def audit(workload: Workload, cluster: Cluster, clients: ConcurrentClients) -> None:
    """Every server process is ready, and returns the same data."""
    assert workload.longest < MAX_RESPONSE_SECONDS
    for server, client in zip(cluster.servers, clients.all, strict=True):
        await server.wait_until_ready()
        await workload.audit(Shop(client, cluster.numbers))

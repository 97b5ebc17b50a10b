"""Servers of MongoDB that a test starts for itself, of the same program and as small as those of the harness."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient as Client

from conformance.processes.process import Process
from tests.harness.mongodb import MongoDB
from tests.harness.run_directory import RunDirectory

KIND = MongoDB()
SET = KIND.url(0).rpartition("=")[2]

_MEMBERS = {1: "primary", 2: "secondary"}


@dataclass
class Node:
    """A server, which can be killed, and started again with the data it had."""

    port: int
    command: list[str | Path]
    folder: Path
    site: RunDirectory
    process: Process
    running: bool = True

    @property
    def url(self) -> str:
        """Of this server alone, whatever it is a member of."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def kill(self) -> None:
        """End it without a word of farewell."""
        self.process.stop()
        self.running = False

    async def again(self) -> None:
        """Start it after it was killed, and return once it answers."""
        self.process = _run(self.command, self.folder, self.site)
        self.running = True
        await self.answers()

    async def answers(self) -> None:
        """Return once it answers, whatever it thinks of itself."""

        async def greet() -> None:
            async with connected(self.url) as client:
                await client.admin.command("hello")

        await self.process.until(greet, 60)


def _run(command: list[str | Path], folder: Path, site: RunDirectory) -> Process:
    process = Process(command, folder, goodbye=SIGKILL)
    site.processes.append(process)
    return process


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client[dict[str, Any]]]:
    """A client of the test's own, beside the shop. Not PyMongo's, which leaves sockets open that it was opening."""
    client: Client[dict[str, Any]] = Client(url, serverSelectionTimeoutMS=10_000)
    try:
        yield client
    finally:
        client.close()


async def start(site: RunDirectory, program: Path, *options: str, replicated: bool = True) -> Node:
    """A server that answers; a member of a replica set that nobody has initiated, or a standalone one."""
    port = site.ports.take()
    folder = site.make_folder(f"mongod-{port}")
    await KIND.prepare(program, folder, None)
    usual = [part for part in KIND.command(program, folder, port) if replicated or "replSet" not in str(part)]
    command = [*usual, *options]
    node = Node(port, command, folder, site, _run(command, folder, site))
    await node.answers()
    return node


async def initiate(*nodes: Node, **settings: Any) -> str:
    """Make the nodes one replica set; its URL, once it has a primary."""
    members = [{"_id": number, "host": f"127.0.0.1:{node.port}"} for number, node in enumerate(nodes)]
    async with connected(nodes[0].url) as client:
        await client.admin.command("replSetInitiate", {"_id": SET, "members": members, "settings": settings})
    hosts = ",".join(str(member["host"]) for member in members)
    url = f"mongodb://{hosts}/?replicaSet={SET}"
    await asyncio.wait_for(_elected(url), 60)
    return url


async def _elected(url: str) -> None:
    async with connected(url) as client:
        await client.admin.command("ping")


async def primary(url: str) -> int:
    """The port of the member that takes the writes."""
    async with connected(url) as client:
        await client.admin.command("ping")
        address = client.primary
        assert address is not None
        return int(address[1])


async def member(node: Node) -> None:
    """Return once a node is the primary or follows it."""
    async with connected(node.url) as client, asyncio.timeout(60):
        while (await client.admin.command("replSetGetStatus"))["myState"] not in _MEMBERS:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@asynccontextmanager
async def failing(url: str, command: str, mode: str | Mapping[str, int], **how: Any) -> AsyncIterator[None]:
    """The server fails this command of the shop's: ``mode`` is ``alwaysOn``, or ``{"times": n}``."""
    point = {"configureFailPoint": "failCommand"}
    data = {"failCommands": [command], "appName": "stockroom", **how}
    async with connected(url) as client:
        await client.admin.command({**point, "mode": mode, "data": data})
        try:
            yield
        finally:
            await client.admin.command({**point, "mode": "off"})

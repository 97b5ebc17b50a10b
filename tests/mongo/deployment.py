"""MongoDB servers that a test starts for itself, with the program and the sizes of the harness."""

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

_MEMBER_STATES = {1: "primary", 2: "secondary"}


@dataclass
class Node:
    """A server, which can be killed, and restarted with its data."""

    port: int
    command: list[str | Path]
    folder: Path
    site: RunDirectory
    process: Process
    is_running: bool = True

    @property
    def url(self) -> str:
        """The URL of this server alone, also where it is a member of a replica set."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def kill(self) -> None:
        """Kill the process."""
        self.process.stop()
        self.is_running = False

    async def restart(self) -> None:
        """Start it after it was killed, and return once it answers."""
        self.process = _run(self.command, self.folder, self.site)
        self.is_running = True
        await self.wait_until_ready()

    async def wait_until_ready(self) -> None:
        """Return once it answers, in whatever state."""

        async def greet() -> None:
            async with open_client(self.url) as client:
                await client.admin.command("hello")

        await self.process.wait_until(greet, 60)


def _run(command: list[str | Path], folder: Path, site: RunDirectory) -> Process:
    process = Process(command, folder, stop_signal=SIGKILL)
    site.processes.append(process)
    return process


@asynccontextmanager
async def open_client(url: str) -> AsyncIterator[Client[dict[str, Any]]]:
    """A client of the test itself. Motor's, because PyMongo's leaves sockets open that it was opening."""
    client: Client[dict[str, Any]] = Client(url, serverSelectionTimeoutMS=10_000)
    try:
        yield client
    finally:
        client.close()


async def start_node(site: RunDirectory, program: Path, *options: str, is_replicated: bool = True) -> Node:
    """A server that answers: a member of a replica set that is not initiated, or a standalone server."""
    port = site.ports.acquire()
    folder = site.make_folder(f"mongod-{port}")
    await KIND.prepare(program, folder, None)
    usual = [part for part in KIND.open_command(program, folder, port) if is_replicated or "replSet" not in str(part)]
    command = [*usual, *options]
    node = Node(port, command, folder, site, _run(command, folder, site))
    await node.wait_until_ready()
    return node


async def initiate(*nodes: Node, **settings: Any) -> str:
    """Make the nodes one replica set; its URL, once it has a primary."""
    members = [{"_id": number, "host": f"127.0.0.1:{node.port}"} for number, node in enumerate(nodes)]
    async with open_client(nodes[0].url) as client:
        await client.admin.command("replSetInitiate", {"_id": SET, "members": members, "settings": settings})
    hosts = ",".join(str(member["host"]) for member in members)
    url = f"mongodb://{hosts}/?replicaSet={SET}"
    await asyncio.wait_for(_wait_for_primary(url), 60)
    return url


async def _wait_for_primary(url: str) -> None:
    async with open_client(url) as client:
        await client.admin.command("ping")


async def find_primary(url: str) -> int:
    """The port of the primary."""
    async with open_client(url) as client:
        await client.admin.command("ping")
        address: Any = client.primary
        assert address is not None
        return int(address[1])


async def wait_until_member(node: Node) -> None:
    """Return once a node is the primary or a secondary."""
    async with open_client(node.url) as client, asyncio.timeout(60):
        while (await client.admin.command("replSetGetStatus"))["myState"] not in _MEMBER_STATES:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@asynccontextmanager
async def failpoint(url: str, command: str, mode: str | Mapping[str, int], **how: Any) -> AsyncIterator[None]:
    """Make the server fail this command of the backend's: ``mode`` is ``alwaysOn``, or ``{"times": n}``."""
    point = {"configureFailPoint": "failCommand"}
    data = {"failCommands": [command], "appName": "stockroom", **how}
    async with open_client(url) as client:
        await client.admin.command({**point, "mode": mode, "data": data})
        try:
            yield
        finally:
            await client.admin.command({**point, "mode": "off"})

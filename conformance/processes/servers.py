"""Server processes of the shop, started as an operator starts them."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from conformance.processes.ports import PortPool
from conformance.processes.process import Process
from core.settings import Settings


class ShopServer:
    """A ``stockroom serve`` process on a port of its own.

    Attributes:
        url: base URL, without a slash at its end.
        process: so that a test can kill it.
    """

    def __init__(self, settings: Settings, folder: Path, port: int) -> None:
        folder.mkdir()
        command = [f"{Path(sys.executable).parent}/stockroom", "serve", "--host=127.0.0.1", f"--port={port}"]
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(command, folder, env=environment_of(settings))

    async def wait_until_ready(self) -> None:
        """Return once it is ready.

        Raises:
            ProcessFailed: it has ended, or is not ready after a minute.
        """

        async def check() -> None:
            async with httpx2.AsyncClient() as client:
                (await client.get(f"{self.url}/readyz")).raise_for_status()

        await self.process.wait_until(check, 60)


@contextmanager
def start_servers(settings: Settings, folder: Path, count: int) -> Iterator[list[ShopServer]]:
    """``count`` processes on one database, not yet ready; they end when the context is left."""
    ports = PortPool()
    servers: list[ShopServer] = []
    try:
        for number in range(count):
            servers.append(ShopServer(settings, folder / f"server-{number}", ports.acquire()))
        yield servers
    finally:
        for server in servers:
            server.process.stop()
        ports.release()


@contextmanager
def run_servers(settings: Settings, folder: Path, count: int) -> Iterator[list[str]]:
    """The base URLs of ``count`` processes on one store, all ready; they end when the context is left."""
    with start_servers(settings, folder, count) as servers:

        async def wait_for_all() -> None:
            await asyncio.gather(*(server.wait_until_ready() for server in servers))

        asyncio.run(wait_for_all())
        yield [server.url for server in servers]


@contextmanager
def run_server(settings: Settings, folder: Path) -> Iterator[str]:
    """The base URL of a process that is ready; it ends when the context is left."""
    with run_servers(settings, folder, 1) as [url]:
        yield url


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a process that must run with these settings, whatever our own environment is."""
    rest = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    secret = {"database_url": settings.url, "secret_keys": ",".join(settings.keys)}
    ours = settings.model_dump(exclude_none=True) | secret
    return rest | {name.upper(): str(value) for name, value in ours.items()}

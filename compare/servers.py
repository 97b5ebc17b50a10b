"""``stockroom serve``, as an operator would run it, for as long as it is measured."""

import asyncio
import contextlib
import os
import socket
import sysconfig
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic, perf_counter

import aiohttp
import psutil

from core.errors import ConfigurationError
from core.settings import Settings

PATIENCE = 60.0
"""Seconds within which the API must be ready."""

_FAREWELL = 10.0


class Servers:
    """A running API.

    Attributes:
        url: its base URL.
        started_in: seconds from its start until it was ready.
    """

    def __init__(self, child: Process, url: str) -> None:
        self._child = child
        self.url = url
        self.started_in = 0.0

    async def ready(self) -> None:
        """Wait until it serves.

        Raises:
            ConfigurationError: it has ended, or does not answer.
        """
        began = monotonic()
        async with aiohttp.ClientSession() as session:
            while self._child.returncode is None and monotonic() < began + PATIENCE:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.02)
        raise ConfigurationError("`stockroom serve` does not start on it; try it by hand")

    def memory(self) -> int:
        """Bytes of memory that its processes hold together."""
        return sum(process.memory_info().rss for process in self._processes())

    def cpu(self) -> float:
        """Seconds of processor time that its processes have used together."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def _processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self._child.pid)
        return [parent, *parent.children(recursive=True)]


@asynccontextmanager
async def serving(settings: Settings, workers: int) -> AsyncIterator[Servers]:
    """The API on a storage, in that many processes behind one port; stopped when the context is left."""
    port = _free_port()
    program = Path(sysconfig.get_path("scripts"), "stockroom")
    command = [str(program), "serve", "--host=127.0.0.1", f"--port={port}", f"--workers={workers}"]
    began = perf_counter()
    child = await asyncio.create_subprocess_exec(*command, env=_environment(settings), stdin=DEVNULL, stdout=DEVNULL)
    try:
        servers = Servers(child, f"http://127.0.0.1:{port}")
        await servers.ready()
        servers.started_in = perf_counter() - began
        yield servers
    finally:
        await _stop(child)


async def _stop(child: Process) -> None:
    """Ask it to end; after a while, end it and what it started."""
    if child.returncode is None:
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), _FAREWELL)
    except TimeoutError:
        for process in psutil.Process(child.pid).children(recursive=True):
            process.kill()
        child.kill()
        await child.wait()


def _environment(settings: Settings) -> dict[str, str]:
    """Ours, with these settings in place of any others; also of those in ``.env``."""
    rest = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    ours = settings.model_dump() | {"database_url": settings.url}
    return rest | {name.upper(): "" if value is None else str(value) for name, value in ours.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""Runs ``stockroom serve``, as an operator would, for the duration of a measurement."""

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

_START_TIMEOUT_SECONDS = 60.0
_STOP_TIMEOUT_SECONDS = 10.0


class ApiServer:
    """A running API.

    Attributes:
        url: its base URL.
        startup_seconds: from its start until it was ready.
    """

    def __init__(self, child: Process, url: str) -> None:
        self._child = child
        self.url = url
        self.startup_seconds = 0.0

    async def wait_until_ready(self) -> None:
        """Return once it serves.

        Raises:
            ConfigurationError: it has ended, or does not answer.
        """
        deadline = monotonic() + _START_TIMEOUT_SECONDS
        async with aiohttp.ClientSession() as session:
            while self._child.returncode is None and monotonic() < deadline:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{self.url}/readyz") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.02)
        raise ConfigurationError("`stockroom serve` does not start on it; try it by hand")

    def memory(self) -> int:
        """Bytes of memory that its processes hold together."""
        return sum(process.memory_info().rss for process in self._processes())

    def cpu_seconds(self) -> float:
        """Seconds of processor time that its processes have used together."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def _processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self._child.pid)
        return [parent, *parent.children(recursive=True)]


@asynccontextmanager
async def serve_api(settings: Settings, workers: int) -> AsyncIterator[ApiServer]:
    """The API on a storage, in that many processes behind one port; stopped when the context is left."""
    port = _free_port()
    program = Path(sysconfig.get_path("scripts"), "stockroom")
    command = [str(program), "serve", "--host=127.0.0.1", f"--port={port}", f"--workers={workers}"]
    start = perf_counter()
    child = await asyncio.create_subprocess_exec(*command, env=_environment(settings), stdin=DEVNULL, stdout=DEVNULL)
    try:
        server = ApiServer(child, f"http://127.0.0.1:{port}")
        await server.wait_until_ready()
        server.startup_seconds = perf_counter() - start
        yield server
    finally:
        await _stop(child)


async def _stop(child: Process) -> None:
    """Terminate it; after the time-out kill it and what it started."""
    if child.returncode is None:
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), _STOP_TIMEOUT_SECONDS)
    except TimeoutError:
        for process in psutil.Process(child.pid).children(recursive=True):
            process.kill()
        child.kill()
        await child.wait()


def _environment(settings: Settings) -> dict[str, str]:
    """The current environment with exactly these settings, which also win over those of ``.env``."""
    rest = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    own = settings.model_dump() | {"database_url": settings.url}
    return rest | {name.upper(): "" if value is None else str(value) for name, value in own.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""Those that are compared, each a server process of its own on one core."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import httpx2

from benchmarks.speed.raw import mongodb, mysql, postgresql, sqlite
from conformance.processes.process import Process
from tests.harness.run_directory import RunDirectory

OURS, RAW, TUTORIAL = "ours", "raw", "tutorial"

DRIVERS: Mapping[str, ModuleType] = {
    "sqlite": sqlite,
    "postgresql": postgresql,
    "mysql": mysql,
    "mariadb": mysql,
    "mongodb": mongodb,
}
"""The module by hand for each storage."""

ROOT = Path(__file__).parents[2]
_UVICORN = [sys.executable, "-m", "uvicorn", "--host=127.0.0.1", "--no-access-log", "--log-level=warning"]


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that runs.

    Attributes:
        name: which.
        port: on 127.0.0.1.
        pid: of its one process.
    """

    name: str
    port: int
    pid: int

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def processor_time(self) -> float:
        """Seconds that the process has computed, all its threads together."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(name: str, storage: str, url: str, site: RunDirectory, core: int | None) -> Iterator[Contender]:
    """One contender over a database, until the context is left.

    Ours is the command that operators use; the others have uvicorn's settings in common with it.
    """
    port = site.ports.acquire()
    process = Process(
        [*_command(name, storage), f"--port={port}"],
        site.make_folder(f"{storage}-{name}"),
        env=os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
    )
    try:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        asyncio.run(process.wait_until(lambda: _answers(port), 60))
        yield Contender(name, port, process.pid)
    finally:
        process.stop()


def _command(name: str, storage: str) -> list[str]:
    if name == OURS:
        return [f"{Path(sys.executable).parent}/stockroom", "serve", "--host=127.0.0.1"]
    if name == TUTORIAL:
        return [*_UVICORN, "--no-server-header", "benchmarks.speed.tutorial.app:app"]
    return [*_UVICORN, "--no-server-header", "--factory", f"{DRIVERS[storage].__name__}:app"]


async def _answers(port: int) -> None:
    async with httpx2.AsyncClient() as client:
        (await client.get(f"http://127.0.0.1:{port}/products/1")).raise_for_status()

"""The implementations that are compared, each a server process on one core."""

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
"""The hand-written module for each storage."""

ROOT = Path(__file__).parents[2]
_UVICORN = [sys.executable, "-m", "uvicorn", "--host=127.0.0.1", "--no-access-log", "--log-level=warning"]


@dataclass(frozen=True, slots=True)
class Implementation:
    """A running server.

    Attributes:
        name: ``ours``, ``raw`` or ``tutorial``.
        port: on 127.0.0.1.
        pid: of its only process.
    """

    name: str
    port: int
    pid: int

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def processor_time(self) -> float:
        """Seconds of processor time of the process, all threads together."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serve(name: str, storage: str, url: str, run_directory: RunDirectory, core: int | None) -> Iterator[Implementation]:
    """One implementation on a database, until the context is left.

    Stockroom runs by its own command; the others run with the same settings of uvicorn.
    """
    port = run_directory.ports.acquire()
    process = Process(
        [*_command(name, storage), f"--port={port}"],
        run_directory.make_folder(f"{storage}-{name}"),
        env=os.environ | {"DATABASE_URL": url, "PYTHONPATH": _python_path()},
    )
    try:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        asyncio.run(process.wait_until(lambda: _require_answer(port), 60))
        yield Implementation(name, port, process.pid)
    finally:
        process.stop()


def _python_path() -> str:
    """The modules of this tree and of its plugin, before installed ones, which may be those of another tree."""
    return os.pathsep.join([str(ROOT), str(ROOT / "examples/memory"), *filter(None, [os.environ.get("PYTHONPATH")])])


def _command(name: str, storage: str) -> list[str]:
    if name == OURS:
        return [f"{Path(sys.executable).parent}/stockroom", "serve", "--host=127.0.0.1"]
    if name == TUTORIAL:
        return [*_UVICORN, "--no-server-header", "benchmarks.speed.tutorial.app:app"]
    return [*_UVICORN, "--no-server-header", "--factory", f"{DRIVERS[storage].__name__}:app"]


async def _require_answer(port: int) -> None:
    async with httpx2.AsyncClient() as client:
        (await client.get(f"http://127.0.0.1:{port}/products/1")).raise_for_status()

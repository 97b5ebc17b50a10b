"""Whoever stops a comparison half-way finds the store as empty as it was, and no process left behind."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from conformance.defaults import settings_for
from core.plugins import Registry
from core.settings import Settings
from core.storage import Backend
from demo.scale import Scale
from tests.compare.command import BRIEF, command, environment

pytestmark = pytest.mark.thorough

PATIENCE = 60.0
"""Seconds; far less than is measured for."""

HTTP = ["--http", "--servers=1"]


def eventually(happens: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("how", "mode"),
    [(signal.SIGINT, []), (signal.SIGTERM, HTTP), (signal.SIGKILL, []), (signal.SIGKILL, HTTP)],
)
def test_the_store_is_emptied_all_the_same(
    how: signal.Signals, mode: list[str], registry: Registry, tmp_path: Path
) -> None:
    settings = settings_for(f"sqlite:///{tmp_path / 'a.db'}")
    backend = registry.choose(settings)
    options = [*BRIEF, "--duration=300", "--clients=1", "--workload=place_order", *mode]
    with (tmp_path / "complaints").open("w") as complaints:
        child = subprocess.Popen(
            command("sqlite:///a.db", "sqlite:///b.db", *options),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - this process has no other threads
        )
    try:
        eventually(lambda: asyncio.run(placed(backend, settings)) > Scale(20).orders + 10, "the store was not driven")
        begun = psutil.Process(child.pid).children(recursive=True)
        assert len(begun) >= 2
    finally:
        child.send_signal(how)
    assert child.wait(PATIENCE) != 0
    eventually(lambda: not any(map(alive, begun)), "processes are left behind")
    assert asyncio.run(backend.migrations(settings).current()) is None, (tmp_path / "complaints").read_text()


def heed_interrupts() -> None:
    """A shell without job control starts what it puts in the background deaf to SIGINT, and so are our children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def placed(backend: Backend, settings: Settings) -> int:
    """How many orders there are; 0 where there is no schema."""
    storage = await backend.open(settings)
    try:
        if await storage.schema_revision() is None:
            return 0
        return sum(count for count, _ in (await storage.orders.totals_by_status()).values())
    finally:
        await storage.close()


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE

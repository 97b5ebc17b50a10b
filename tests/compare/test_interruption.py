"""A comparison that is interrupted leaves the store empty, and no process running."""

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

TIMEOUT_SECONDS = 60.0
"""Far less than the duration of the measurement."""

HTTP = ["--http", "--servers=1"]


def wait_until(is_reached: Callable[[], bool], message: str) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not is_reached():
        assert time.monotonic() < deadline, message
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("stop_signal", "mode"),
    [(signal.SIGINT, []), (signal.SIGTERM, HTTP), (signal.SIGKILL, []), (signal.SIGKILL, HTTP)],
)
def test_interrupted_comparison_empties_the_store(
    stop_signal: signal.Signals, mode: list[str], registry: Registry, tmp_path: Path
) -> None:
    settings = settings_for(f"sqlite:///{tmp_path / 'a.db'}")
    backend = registry.choose(settings)
    options = [*BRIEF, "--duration=300", "--clients=1", "--workload=place_order", *mode]
    with (tmp_path / "stderr").open("w") as stderr:
        child = subprocess.Popen(
            command("sqlite:///a.db", "sqlite:///b.db", *options),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            preexec_fn=restore_interrupts,  # noqa: PLW1509 - this process has no other threads
        )
    try:
        wait_until(
            lambda: asyncio.run(count_orders(backend, settings)) > Scale(20).orders + 10, "no orders were placed"
        )
        processes = psutil.Process(child.pid).children(recursive=True)
        assert len(processes) >= 2
    finally:
        child.send_signal(stop_signal)
    assert child.wait(TIMEOUT_SECONDS) != 0
    wait_until(lambda: not any(map(is_alive, processes)), "processes are still running")
    assert asyncio.run(backend.migrations(settings).current()) is None, (tmp_path / "stderr").read_text()


def restore_interrupts() -> None:
    """Background processes of a shell without job control ignore SIGINT, and their children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def count_orders(backend: Backend, settings: Settings) -> int:
    """Number of orders; 0 without a schema."""
    storage = await backend.open(settings)
    try:
        if await storage.schema_revision() is None:
            return 0
        return sum(count for count, _ in (await storage.orders.totals_by_status()).values())
    finally:
        await storage.close()


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE

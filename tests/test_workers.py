"""Worker processes: when they are started again, and when the server gives up."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from structlog.testing import CapturingLogger

from cli.supervisor import RestartPolicy, Supervisor
from conformance.processes.ports import PortPool
from conformance.processes.process import Process

pytestmark = [
    pytest.mark.only("sqlite"),
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),  # the test process has threads
]

AT_ONCE = RestartPolicy(first_delay=0.001, max_delay=0.01, max_failed_starts=5, start_timeout=1.0, report_timeout=1.0)


def fail(_reports: Connection) -> None:
    sys.exit(3)


def hang_after_report(reports: Connection) -> None:
    reports.send_bytes(b"")
    time.sleep(60)


def supervise(
    target: Callable[[Connection], None], count: int = 1, **changes: Any
) -> tuple[bool, list[dict[str, Any]]]:
    """How a supervisor ended, and what it logged."""
    written = CapturingLogger()
    log = structlog.wrap_logger(written, processors=[], wrapper_class=structlog.make_filtering_bound_logger(0))
    is_stopped = Supervisor(target, count, 5, log, AT_ONCE).run()
    return is_stopped, [call.kwargs for call in written.calls]


def test_failing_starts_end_the_server() -> None:
    is_stopped, lines = supervise(fail, count=2)
    ends = [line for line in lines if line["event"] == "worker ended"]
    assert not is_stopped
    assert len(ends) >= 2 * AT_ONCE.max_failed_starts
    assert {line["cause"] for line in ends} == {"exit code 3"}


def test_restart_delay_doubles_up_to_its_maximum() -> None:
    policy = RestartPolicy()
    assert [policy.delay(ends) for ends in range(1, 9)] == [0, 1, 2, 4, 8, 16, 30, 30]
    assert policy.delay(10_000) == 30


def test_worker_without_reports_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Supervisor, slot: Any, worker: Any) -> None:
        replace(self, slot, worker)
        self._on_signal()

    replace = Supervisor._replace
    monkeypatch.setattr(Supervisor, "_replace", stop)
    is_stopped, lines = supervise(hang_after_report)
    assert is_stopped
    assert [line["event"] for line in lines] == ["worker serves", "worker does not respond", "worker ended"]
    assert lines[-1]["cause"] == "SIGKILL"
    assert lines[-1]["served"] is True


# A real server


class WorkersServer:
    """``stockroom serve --workers 2`` on an SQLite file in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.shop = folder / "shop"
        self.shop.mkdir()
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(
            [Path(sys.executable).with_name("stockroom"), "serve", "--port", str(port), "--workers", "2"],
            folder,
            env={**os.environ, "DATABASE_URL": f"sqlite:///{self.shop}/shop.db"},
        )

    def wait_for(self, check: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The lines of its log, once they are as expected."""

        async def attempt() -> None:
            assert check(self.log()), self.process.tail(20)

        asyncio.run(self.process.wait_until(attempt, 60))
        return self.log()

    def log(self) -> list[dict[str, Any]]:
        lines = self.process.tail(1000).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def wait_until_served_by(self, count: int) -> list[int]:
        """The ids of all workers that have served, once there are so many."""
        log = self.wait_for(lambda lines: sum(line["event"] == "worker serves" for line in lines) >= count)
        return [line["pid"] for line in log if line["event"] == "worker serves"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WorkersServer]:
    ports = PortPool()
    started = WorkersServer(tmp_path, ports.acquire())
    try:
        yield started
    finally:
        started.process.stop()
        ports.release()


def ends(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == "worker ended"]


def test_killed_worker_is_logged_and_replaced(server: WorkersServer) -> None:
    first, second = server.wait_until_served_by(2)
    os.kill(first, signal.SIGKILL)
    assert server.wait_until_served_by(3)[2] not in (first, second)
    [ended] = ends(server.log())
    assert (ended["pid"], ended["cause"], ended["served"]) == (first, "SIGKILL", True)
    assert httpx2.get(f"{server.url}/readyz").status_code == 200
    server.process.stop()
    assert "Traceback" not in server.process.tail(1000)


def test_worker_that_ends_without_database_is_replaced(server: WorkersServer) -> None:
    pids = server.wait_until_served_by(2)
    away = server.shop.rename(server.shop.with_name("away"))
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    server.wait_for(lambda lines: any(not line["served"] for line in ends(lines)))
    assert re.search(r"stockroom: worker \d+ cannot serve: DATABASE_URL: ", server.process.tail(1000))
    away.rename(server.shop)
    server.wait_until_served_by(4)
    assert httpx2.get(f"{server.url}/readyz").status_code == 200


def test_workers_end_with_their_parent(server: WorkersServer) -> None:
    pids = server.wait_until_served_by(2)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process._child.wait()

    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_serve_imports_nothing_that_it_does_not_need() -> None:
    unneeded = {"jwt", "limits", "cryptography", "asyncpg", "asyncmy", "motor", "pymongo", "beanie", "jinja2"}
    code = f"import sys, cli.main; print(*sorted({unneeded} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.split()) == (0, [])
